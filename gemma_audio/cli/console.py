"""Tables for the terminal: a plan, and the accuracies of one run."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.plan import Step

SHOWN = 5
WIDE = 10_000  # a pipe or a file has no width, so nothing is folded there
GAP = 2  # blanks between columns
WHY = 20  # least width of the reasons beside names that are kept on one line
UNANSWERED = {
    "missing": "Missing sounds, counted as wrong",
    "failed": "Bad sounds, counted as wrong",
    "rejected": "Rejected rows of the benchmark",
}


def print_plan(cells: Sequence[Cell], plans: Mapping[int, list[Step]]) -> None:
    """Print what each cell would do and why, and the totals."""
    header = ("cell", "work", "action", "why")
    rows: list[tuple[str, ...]] = []
    made: dict[str, str] = {}
    for cell in cells:
        for number, step in enumerate(plans[cell.index]):
            action, why = (step.action, step.reason) if step.name not in made else ("share", f"made for {made[step.name]}")
            if not step.reused:
                made.setdefault(step.name, cell.name)
            rows.append((cell.name if number == 0 else "", step.name, action, why))
    console = _console()
    names = sum(max(len(row[column]) for row in [header, *rows]) + GAP for column in range(3))
    table = _table(*header, whole=3 if names + WHY <= console.width else 0)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
    console.print(_totals(plans))


def print_accuracy(cell: Cell, result: Mapping[str, Any]) -> None:
    """Print a run's accuracy overall and by domain, what could not be answered, and warnings about the benchmark."""
    with (cell.folder / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = _table(result["benchmark"]["name"], "n", "official", "strict")
    domains = dict.fromkeys(row["task"] for row in rows)
    for name, part in [(domain, [row for row in rows if row["task"] == domain]) for domain in domains] + [("all", rows)]:
        table.add_row(name, str(len(part)), _share(part, "correct_official"), _share(part, "correct_strict"))
    _console().print(table)
    for warning in result["benchmark"].get("warnings", ()):
        print(f"Warning: {warning}")
    for key, what in UNANSWERED.items():
        if listed := result["benchmark"].get(key):
            print(f"{what}: {len(listed)}; result.json lists them.")
    for entry in result["benchmark"].get("failed", ())[:SHOWN]:
        print(f"  {entry['id']}: {entry['reason']}")
    for entry in result["benchmark"].get("rejected", ())[:SHOWN]:
        print(f"  row {entry['row']} ({entry['id'] or 'no id'}): {entry['reason']}")


def _totals(plans: Mapping[int, list[Step]]) -> str:
    fresh = {step.name: step for steps in plans.values() for step in steps if not step.reused}
    trained = [step for step in fresh.values() if step.action == "train"]
    if not fresh:
        return "Nothing to train: everything is in the store."
    evaluations = sum(step.action == "answer" for step in fresh.values())
    stages = f"{_count(len(trained), 'stage')} to train ({_count(sum(s.steps for s in trained), 'step')})"
    return f"To do: {stages}, {_count(evaluations, 'evaluation')}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _share(rows: Sequence[Mapping[str, str]], column: str) -> str:
    return f"{100 * sum(row[column] == '1' for row in rows) / len(rows):.1f} %" if rows else "-"


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def _table(*columns: str, whole: int = 0) -> Table:
    """A table that folds what does not fit, and so loses no character; the first `whole` columns are not folded."""
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(Text(column, style="bold"), no_wrap=number < whole, overflow="fold")
    return table
