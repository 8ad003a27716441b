"""How far a command is: which cell does what, how much is done, about how long it still takes; a line for whatever ends."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemma_audio.sweep.event import Event
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.workload import Plans, weights

KNOWN = 0.05  # the share that must be done before the time left follows from the time passed
SHOWN = 3  # lines of an error's message
EVERY = 10.0  # seconds between two lines about work that goes on


@dataclass
class Doing:
    """A running cell: what it does, and its last event."""

    name: str
    work: str = "starting"
    note: str = ""
    event: Event = field(default_factory=lambda: Event("progress"))


class Progress:
    """Prints a line for every step of work that ends, and every ten seconds for those that go on.

    `plans` says what each cell (by index) would do when the sweep began, `side` how many run side by side. The time left is
    reckoned in seconds where past runs tell of every step of work, else in training steps. While `live`, a display shows what
    goes on, and only ends are printed.
    """

    def __init__(self, plans: Plans, folder: Path, say: Callable[[str], None] = print, side: int = 1) -> None:
        self.doing: dict[int, Doing] = {}
        self.cells, self.over, self.failed, self.live = len(plans), 0, 0, False
        self._say, self._folder, self._side = say, folder, side
        self._weights, self._timed = weights(plans)
        self._plans = plans
        self._at = dict.fromkeys(plans, -1)
        self._done = dict.fromkeys(plans, 0.0)
        self._began = self._last = time.monotonic()

    def told(self, cell: Cell, event: Event) -> None:
        """Take in an event of a running cell."""
        doing = self.doing.setdefault(cell.index, Doing(cell.name))
        if event.kind == "say":
            self._say(f"        {cell.name}: {event.text}")
        elif event.kind == "began":
            self._begin(cell.index, doing, event)
        elif event.kind == "progress":
            self._advance(cell.index, doing, event)

    def ended(self, cell: Cell, status: Mapping[str, Any], result: Mapping[str, Any] | None) -> None:
        """Print how a cell ended."""
        self.doing.pop(cell.index, None)
        self.over += 1
        self._done[cell.index] = sum(self._weights[cell.index])
        if result is None:
            self.failed += 1
            error = status.get("error") or {}
            lines = " ".join(line.strip() for line in str(error.get("message", "")).split("\n")[:SHOWN])
            self._say(f"{self._count()} {cell.name}: FAILED ({error.get('type')}: {lines}); log: {cell.folder.name}/run.log")
            return
        accuracy = result["accuracy"]["official"]
        left = "" if self.live or self.over == self.cells else f"; {self.left()}"
        self._say(f"{self._count()} {cell.name}: finished, accuracy {100 * accuracy:.1f} %{left}")

    def summary(self) -> str:
        """One line about the whole: cells that are over, failed ones, time left, free disk."""
        failed = f" {self.failed} failed;" if self.failed else ""
        return f"{self._count()}{failed} {self.left()}"

    def left(self) -> str:
        """Time (once it can be told) and disk left."""
        disk = f"{shutil.disk_usage(self._folder).free / 1e9:.0f} GB free"
        seconds = self._seconds_left()
        return disk if seconds is None else f"about {duration(seconds)} left, {disk}"

    def _begin(self, index: int, doing: Doing, event: Event) -> None:
        kind = "eval" if event.text == "evaluation" else event.text
        steps, after = self._plans[index], self._at[index] + 1
        self._at[index] = next((at for at in range(after, len(steps)) if steps[at].kind == kind), self._at[index])
        doing.work, doing.note, doing.event = event.text, event.note, Event("progress")
        if not self.live:
            self._say(f"{self._count()} {doing.name}: {event.text} {event.note}")

    def _advance(self, index: int, doing: Doing, event: Event) -> None:
        doing.event = event
        at, weighed = max(self._at[index], 0), self._weights[index]
        self._done[index] = sum(weighed[:at]) + weighed[at] * event.done / max(event.total, 1)
        if not self.live and time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            self._say(f"{self._count()} {doing.name}: {doing.work} {event.done}/{event.total}; {self.left()}")

    def _count(self) -> str:
        return f"[{self.over}/{self.cells}]"

    def _seconds_left(self) -> float | None:
        done, total = sum(self._done.values()), sum(map(sum, self._weights.values()))
        if not 0 <= done < total:
            return None
        if done >= KNOWN * total:
            return (time.monotonic() - self._began) * (total - done) / done
        return (total - done) / self._side if self._timed else None


def duration(seconds: float) -> str:
    """Seconds in words: "40 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
