"""Tables for the terminal: a plan, and the accuracies of one run."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gemma_audio.cli.memory import tables
from gemma_audio.config.schema import Config
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.plan import Step
from gemma_audio.sweep.progress import duration
from gemma_audio.sweep.workload import fresh, seconds

SHOWN = 5
WIDE = 10_000  # a pipe or a file has no width, so nothing is folded there
GAP = 2  # blanks between columns
WHY = 20  # least width of the reasons beside names that are kept on one line
UNANSWERED = {
    "missing": "Missing sounds, counted as wrong",
    "failed": "Bad sounds, counted as wrong",
    "rejected": "Rejected rows of the benchmark",
}


def print_plan(cells: Sequence[Cell], plans: Mapping[int, list[Step]], side: int = 1) -> None:
    """Print what each cell would do, for about how long and why, and the totals with `side` cells side by side."""
    header = ("cell", "work", "action", "time", "why")
    rows: list[tuple[str, ...]] = []
    made: dict[str, str] = {}
    for cell in cells:
        for number, step in enumerate(plans[cell.index]):
            shared = not step.reused and step.name in made
            action, why = ("share", f"made for {made[step.name]}") if shared else (step.action, step.reason)
            if not step.reused:
                made.setdefault(step.name, cell.name)
            rows.append((cell.name if number == 0 else "", step.name, action, "" if shared else _time(step), why))
    console = _console()
    whole = len(header) - 1
    names = sum(max(len(row[column]) for row in [header, *rows]) + GAP for column in range(whole))
    table = _table(*header, whole=whole if names + WHY <= console.width else 0)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
    for line in _totals(plans, side):
        console.print(line, soft_wrap=not console.is_terminal)


def print_memory(configs: Sequence[Config]) -> None:
    """Print what each stage takes of a GPU's memory; nothing where none trains on one."""
    console = _console()
    for shown in tables(configs):
        console.print(shown, soft_wrap=not console.is_terminal)


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


def print_failure(name: str, status: Mapping[str, Any], log: str) -> None:
    """Print to standard error why a run failed: its stage, the cause, the end of its log, and what to type next."""
    from gemma_audio.report.console import print_failures

    error = status.get("error") or {}
    reason = f"{error.get('type', 'error')}: {error.get('message', 'unknown')}"
    tail = error.get("log_tail", str(error.get("traceback_tail", "")).splitlines())
    console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else WIDE)
    print_failures([{"name": name, "stage": status.get("work"), "reason": reason, "log": log, "log_tail": tail}], console, "")
    print("To go on, type the same command again: a half-trained stage goes on from its last checkpoint.", file=sys.stderr)


def _time(step: Step) -> str:
    if step.reused:
        return ""
    return duration(step.estimate.seconds) if step.estimate else "unknown"


def _totals(plans: Mapping[int, list[Step]], side: int) -> list[str]:
    work = list(fresh(plans).values())
    trained = [step for step in work if step.action == "train"]
    if not work:
        return ["Nothing to do: everything is in the store."]
    evaluations = sum(step.action == "answer" for step in work)
    stages = f"{_count(len(trained), 'stage')} to train ({_count(sum(s.steps for s in trained), 'step')})"
    return [f"To do: {stages}, {_count(evaluations, 'evaluation')}.", _duration(plans, work, side)]


def _duration(plans: Mapping[int, list[Step]], work: Sequence[Step], side: int) -> str:
    """The time of the whole, and which past runs tell it."""
    told = {step.kind: step.estimate.runs for step in work if step.estimate}
    untold = ", ".join(dict.fromkeys(step.kind for step in work if not step.estimate))
    if not told:
        return f"Time: no past run in the store tells of {untold}."
    known = "; ".join(f"{kind}: from {_count(runs, 'past run')}" for kind, runs in told.items())
    parallel = f", {_count(side, 'cell')} at a time" if len(plans) > 1 else ""
    rest = f"; {untold}: no past run, not counted" if untold else ""
    return f"Time: about {duration(seconds(plans, side))}{parallel} ({known}{rest})."


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
