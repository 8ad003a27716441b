"""The comparison in a terminal: a table of arms, a table of subcategories, the verdict."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gemma_audio.report.markdown import arm_table
from gemma_audio.report.plots import BRIEF, look
from gemma_audio.report.text import plain, points, pvalue, span
from gemma_audio.report.verdict import verdict

WIDE = 10_000  # a pipe or a file has no width, so nothing is folded there
NAMES = 3  # names may take a third of the width
LONGEST = 600


def print_summary(comparison: dict[str, Any], console: Console | None = None) -> None:
    """Print to `console` (standard output by default); plain text of any width, without colours, when that is no terminal."""
    console = console or Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    header, rows = arm_table(comparison)
    console.print(_table(None, header, rows, console.width))
    if any(entry["primary"] for entry in comparison["pairs"]):
        console.print(_subcategories(comparison, console.width))
    for line in [*verdict(comparison), *comparison["notes"]]:
        console.print(Text(plain(line, LONGEST)), soft_wrap=not console.is_terminal)


def _subcategories(comparison: dict[str, Any], width: int) -> Table:
    rows = []
    for row in comparison["subcategories"]:
        entry = row["pairs"][0]
        numbers = [points(entry["delta"]), span(entry["interval"]), pvalue(entry["q"]), BRIEF[look(entry)]]
        rows.append([row["name"], row["domain"], str(row["n"]), *numbers])
    sweep = comparison["sweep"]
    title = f"{sweep['treatment']} - {sweep['baseline']}, points"
    return _table(title, ["subcategory", "domain", "n", "difference", "interval", "q", "verdict"], rows, width)


def _table(title: str | None, header: list[str], rows: list[list[str]], width: int) -> Table:
    """A table that folds what does not fit into `width`; names stay on one line where they leave room for the numbers."""
    table = Table(title=None if title is None else Text(title), title_justify="left", box=None, pad_edge=False)
    longest = max((len(row[0]) for row in rows), default=0)
    for number, name in enumerate(header):
        table.add_column(Text(name, style="bold"), no_wrap=number == 0 and longest <= width // NAMES, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(value, LONGEST)) for value in row))
    return table
