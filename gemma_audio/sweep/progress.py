"""Lines for the terminal: which cell does what, how much is done, about how long it still takes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gemma_audio.sweep.event import Event
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.plan import Step

EVALUATION = 30  # an evaluation takes about as long as this many training steps
SHOWN = 3  # lines of an error's message
EVERY = 10.0  # seconds between two lines about work that goes on


class Progress:
    """Prints a line for every step of work that ends, and every ten seconds for those that go on.

    `plans` says what each cell (by index) would do when the sweep began; the time left is reckoned in training steps.
    """

    def __init__(self, plans: Mapping[int, list[Step]], folder: Path, say: Callable[[str], None] = print) -> None:
        self._say, self._folder = say, folder
        seen: set[str] = set()
        self._work = {index: _work(steps, seen) for index, steps in plans.items()}
        self._done = dict.fromkeys(plans, 0.0)
        self._doing: dict[int, Event] = {}
        self._over = 0
        self._began = self._last = time.monotonic()

    def told(self, cell: Cell, event: Event) -> None:
        """Take in an event of a running cell."""
        if event.kind == "say":
            self._say(f"        {cell.name}: {event.text}")
        elif event.kind == "began":
            self._doing[cell.index] = event
            self._say(f"{self._count()} {cell.name}: {event.text} {event.note}")
        elif event.kind == "progress":
            self._advance(cell, event)

    def ended(self, cell: Cell, status: Mapping[str, Any], result: Mapping[str, Any] | None) -> None:
        """Print how a cell ended."""
        self._over += 1
        self._done[cell.index] = self._work[cell.index]
        if result is None:
            error = status.get("error") or {}
            lines = " ".join(line.strip() for line in str(error.get("message", "")).split("\n")[:SHOWN])
            self._say(f"{self._count()} {cell.name}: FAILED ({error.get('type')}: {lines}); log: {cell.folder.name}/run.log")
            return
        accuracy = result["accuracy"]["official"]
        self._say(f"{self._count()} {cell.name}: finished, accuracy {100 * accuracy:.1f} %{self._left()}")

    def _advance(self, cell: Cell, event: Event) -> None:
        doing = self._doing.get(cell.index)
        share = event.done / max(event.total, 1)
        work = EVALUATION if doing and doing.text == "evaluation" else event.total
        before = self._work[cell.index] - EVALUATION if doing and doing.text == "evaluation" else 0
        self._done[cell.index] = min(max(self._done[cell.index], before + work * share), self._work[cell.index])
        if doing and time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            self._say(f"{self._count()} {cell.name}: {doing.text} {event.done}/{event.total}{self._left()}")

    def _count(self) -> str:
        return f"[{self._over}/{len(self._work)}]"

    def _left(self) -> str:
        """Time and disk left, once enough is done to tell."""
        done, total = sum(self._done.values()), sum(self._work.values())
        disk = f"{shutil.disk_usage(self._folder).free / 1e9:.0f} GB free"
        if self._over == len(self._work) or not 0.05 * total <= done < total:
            return f"; {disk}" if self._over < len(self._work) else ""
        seconds = (time.monotonic() - self._began) * (total - done) / done
        return f"; about {duration(seconds)} left, {disk}"


def duration(seconds: float) -> str:
    """Seconds in words: "40 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _work(steps: list[Step], seen: set[str]) -> float:
    """Training steps that a cell's plan amounts to, without what an earlier cell makes."""
    fresh = [step for step in steps if not step.reused and step.name not in seen]
    seen.update(step.name for step in fresh)
    return sum((step.steps or EVALUATION) for step in fresh if step.kind != "data")
