"""The comparison in a terminal: arms, the primary comparison, subcategories, the verdict, and what failed or is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gemma_audio.report.failures import missing_table, next_step
from gemma_audio.report.markdown import arm_table
from gemma_audio.report.plots import BRIEF, look
from gemma_audio.report.text import logged, plain, points, pvalue, span
from gemma_audio.report.verdict import verdict

WIDE = 10_000  # a pipe or a file has no width, so nothing is folded there
NAMES = 3  # names may take a third of the width
GAP = 2  # blanks between columns
LONGEST = 1200
LOGS, LOG_LINES = 3, 6  # how many logs, and how many lines of each


def print_summary(comparison: dict[str, Any], console: Console | None = None, folder: str = "") -> None:
    """Print to `console` (standard output by default); plain text of any width, without colours, when that is no terminal.

    `folder` is the sweep's, as paths in it are to be shown.
    """
    console = console or Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(_table(None, *_arms(comparison, console.width), console.width))
    if any(entry["primary"] for entry in comparison["pairs"]):
        console.print(_primary(comparison, console.width))
        console.print(_subcategories(comparison, console.width))
    for line in [*verdict(comparison), *comparison["notes"]]:
        _say(console, plain(line, LONGEST))
    _print_unfinished(comparison, console, folder)


def print_failures(failed: list[dict[str, Any]], console: Console, folder: str) -> None:
    """Print failed cells (entries of comparison.json's cells): a table of causes, and the last lines of the first few logs."""
    rows = [[cell["name"], cell["stage"] or "-", cell["reason"]] for cell in failed]
    console.print(_table("failed", ["cell", "stage", "cause"], rows, console.width))
    for cell in [cell for cell in failed if cell["log_tail"]][:LOGS]:
        _say(console, f"The end of {Path(folder, cell['log'] or cell['name'])}:", soft=True)
        for line in cell["log_tail"][-LOG_LINES:]:
            _say(console, f"    {logged(line)}", soft=True)


def _print_unfinished(comparison: dict[str, Any], console: Console, folder: str) -> None:
    cells = comparison["cells"]
    if cells["failed"]:
        print_failures(cells["failed"], console, folder)
    if cells["missing"]:
        console.print(_table("missing", *missing_table(comparison), console.width))
    if line := next_step(comparison):
        _say(console, line, soft=True)


def _say(console: Console, line: str, soft: bool = False) -> None:
    """Print a line, folded between words in a terminal; `soft` leaves that to the terminal, so that paths can be copied."""
    console.print(Text(line), soft_wrap=soft or not console.is_terminal)


def _primary(comparison: dict[str, Any], width: int) -> Table:
    entries = [entry for entry in comparison["pairs"] if entry["primary"]]
    sides = f"{entries[0]['treatment']} - {entries[0]['baseline']}"
    rows = []
    for entry in entries:
        runs = f"{entry['runs']['treatment']} vs {entry['runs']['baseline']}"
        rows.append([entry["scope"], points(entry["delta"]), span(entry["interval"]), pvalue(entry["p"]), runs, str(entry["n"])])
    return _table(f"primary: {sides}, points", ["scope", "difference", "interval", "p", "runs", "n"], rows, width)


def _arms(comparison: dict[str, Any], width: int) -> tuple[list[str], list[list[str]]]:
    """The accuracy table; in a narrow window with its numbers in per cent and without what can be had from the report."""
    header, rows = arm_table(comparison)
    if _natural(header, rows) > width:
        header = [header[0], "% right", *header[2:]]
        rows = [[row[0], *(value.replace(" %", "") for value in row[1:])] for row in rows]
    return _fitting(header, rows, width, ("per run", "n", "strict"))


def _subcategories(comparison: dict[str, Any], width: int) -> Table:
    rows = []
    for row in comparison["subcategories"]:
        entry = row["pairs"][0]
        numbers = [points(entry["delta"]), span(entry["interval"]), pvalue(entry["q"]), BRIEF[look(entry)]]
        rows.append([row["name"], row["domain"], str(row["n"]), *numbers])
    sweep = comparison["sweep"]
    title = f"{sweep['treatment']} - {sweep['baseline']}, points"
    header = ["subcategory", "domain", "n", "change", "interval", "q", "verdict"]
    return _table(title, *_fitting(header, rows, width, ("domain", "q", "n")), width)


def _fitting(header: list[str], rows: list[list[str]], width: int, spare: tuple[str, ...]) -> tuple[list[str], list[list[str]]]:
    """The table without the first of the columns `spare` that must go for the others to fit, names folded between words."""
    for name in spare:
        if _natural(header, [[_longest_word(row[0]), *row[1:]] for row in rows]) <= width:
            break
        at = header.index(name)
        header, *rows = [[*row[:at], *row[at + 1 :]] for row in (header, *rows)]
    return header, rows


def _natural(header: list[str], rows: list[list[str]]) -> int:
    """The columns that a table takes where nothing is folded."""
    return sum(max(map(len, column)) + GAP for column in zip(header, *rows, strict=True)) - GAP


def _longest_word(name: str) -> str:
    return max(plain(name, LONGEST).split(), key=len, default="")


def _table(title: str | None, header: list[str], rows: list[list[str]], width: int) -> Table:
    """A table that folds what does not fit into `width`; names stay on one line where they leave room for the numbers.

    Where folding names between words is enough, nothing else is folded.
    """
    table = Table(title=None if title is None else Text(title), title_justify="left", box=None, pad_edge=False)
    longest = max((len(row[0]) for row in rows), default=0)
    numbers = _natural(header, [[_longest_word(row[0]), *row[1:]] for row in rows]) <= width
    for number, name in enumerate(header):
        whole = numbers if number else longest <= width // NAMES
        table.add_column(Text(name, style="bold"), no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(value, LONGEST)) for value in row))
    return table
