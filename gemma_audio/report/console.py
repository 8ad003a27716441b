"""The comparison in a terminal: a table of arms, a table of subcategories, the verdict."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gemma_audio.report.markdown import arm_table
from gemma_audio.report.plots import BRIEF, look
from gemma_audio.report.text import plain, points, pvalue, span
from gemma_audio.report.verdict import verdict


def print_summary(comparison: dict[str, Any], console: Console | None = None) -> None:
    """Print to `console` (standard output by default); plain text, without colours or codes, when that is not a terminal."""
    console = console or Console(highlight=False)
    header, rows = arm_table(comparison)
    console.print(_table(None, header, rows))
    if any(entry["primary"] for entry in comparison["pairs"]):
        console.print(_subcategories(comparison))
    for line in [*verdict(comparison), *comparison["notes"]]:
        console.print(Text(plain(line, 600)), soft_wrap=not console.is_terminal)


def _subcategories(comparison: dict[str, Any]) -> Table:
    rows = []
    for row in comparison["subcategories"]:
        entry = row["pairs"][0]
        numbers = [points(entry["delta"]), span(entry["interval"]), pvalue(entry["q"]), BRIEF[look(entry)]]
        rows.append([row["name"], row["domain"], str(row["n"]), *numbers])
    sweep = comparison["sweep"]
    title = f"{sweep['treatment']} - {sweep['baseline']}, points"
    return _table(title, ["subcategory", "domain", "n", "difference", "interval", "q", "verdict"], rows)


def _table(title: str | None, header: list[str], rows: list[list[str]]) -> Table:
    table = Table(title=None if title is None else Text(title), title_justify="left", box=None, pad_edge=False)
    for name in header:
        table.add_column(Text(name, style="bold"))
    for row in rows:
        table.add_row(*(Text(plain(value, 60)) for value in row))
    return table
