"""Tables for the terminal: a plan, and the accuracies of one run."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.plan import Step


def print_plan(cells: Sequence[Cell], plans: Mapping[int, list[Step]]) -> None:
    """Print what each cell would do and why, and the totals."""
    table = _table("cell", "work", "action", "why")
    made: dict[str, str] = {}
    for cell in cells:
        for number, step in enumerate(plans[cell.index]):
            action, why = (step.action, step.reason) if step.name not in made else ("share", f"made for {made[step.name]}")
            if not step.reused:
                made.setdefault(step.name, cell.name)
            table.add_row(*map(Text, (cell.name if number == 0 else "", step.name, action, why)))
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    console.print(_totals(plans))


def print_accuracy(cell: Cell, result: Mapping[str, Any]) -> None:
    """Print a run's accuracy overall and by domain, and how many sounds were missing or rows rejected."""
    with (cell.folder / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = _table(result["benchmark"]["name"], "n", "official", "strict")
    domains = dict.fromkeys(row["task"] for row in rows)
    for name, part in [(domain, [row for row in rows if row["task"] == domain]) for domain in domains] + [("all", rows)]:
        table.add_row(name, str(len(part)), _share(part, "correct_official"), _share(part, "correct_strict"))
    Console(highlight=False).print(table)
    for key, what in (("missing", "sounds are missing and count as wrong"), ("rejected", "rows of the benchmark were rejected")):
        if listed := result["benchmark"].get(key):
            print(f"{len(listed)} {what}; result.json lists them.")


def _totals(plans: Mapping[int, list[Step]]) -> str:
    fresh = {step.name: step for steps in plans.values() for step in steps if not step.reused}
    trained = [step for step in fresh.values() if step.action == "train"]
    if not fresh:
        return "Nothing to train: everything is in the store."
    evaluations = sum(step.action == "answer" for step in fresh.values())
    return f"To do: {len(trained)} stages to train ({sum(s.steps for s in trained)} steps), {evaluations} evaluations."


def _share(rows: Sequence[Mapping[str, str]], column: str) -> str:
    return f"{100 * sum(row[column] == '1' for row in rows) / len(rows):.1f} %" if rows else "-"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(Text(column, style="bold"), no_wrap=True)
    return table
