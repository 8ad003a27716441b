"""Rows of a user's file that cannot be used: which, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gemma_audio.data.table import Unreadable


@dataclass(frozen=True)
class Rejected:
    """A row that is neither example nor question: its number (the first is 1), its id where it has one, and why."""

    row: int
    id: str
    reason: str


def sift(rows: Sequence[Any], faults: Callable[[dict[str, Any]], Iterable[str]]) -> tuple[list[tuple[int, Any]], list[Rejected]]:
    """The usable rows with their numbers, and the others with all their `faults`; of equal ids the first wins.

    What could not be read or is no object is rejected here: `faults` gets objects alone.
    """
    kept: list[tuple[int, Any]] = []
    rejected: list[Rejected] = []
    first: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        key = row["id"] if isinstance(row, dict) and isinstance(row.get("id"), str) else ""
        reasons = list(faults(row)) if isinstance(row, dict) else [_no_object(row)]
        if not reasons and key in first:
            reasons = [f"duplicate id, first used in row {first[key]}"]
        if reasons:
            rejected.append(Rejected(number, key, "; ".join(reasons)))
            continue
        first[key] = number
        kept.append((number, row))
    return kept, rejected


def _no_object(row: Any) -> str:
    return row.reason if isinstance(row, Unreadable) else f"a row is an object, this one is {type(row).__name__}"
