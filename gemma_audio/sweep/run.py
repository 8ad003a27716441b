"""All cells of one command: the plan, the shared data, the engine, the report after every cell."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemma_audio.errors import GemmaAudioError
from gemma_audio.sweep import engine
from gemma_audio.sweep.event import Event, Task
from gemma_audio.sweep.job import no_trackers, run_cell
from gemma_audio.sweep.ledger import Cell, planned, read_status
from gemma_audio.sweep.plan import Step, plan
from gemma_audio.sweep.progress import Progress
from gemma_audio.sweep.provenance import command
from gemma_audio.sweep.rooms import Rooms
from gemma_audio.sweep.stages import Watch, build_data
from gemma_audio.sweep.store import Store

Say = Callable[[str], None]


@dataclass
class Runner:
    """Runs the cells of one command; `report` is called after every cell that ended while others go on."""

    cells: Sequence[Cell]
    folder: Path
    argv: Sequence[str]
    report: Callable[[], None] = lambda: None
    rooms: Rooms = field(default_factory=Rooms)
    say: Say = print
    preload: Sequence[str] = engine.PRELOAD
    since: float = field(default_factory=time.time)
    verified: set[str] = field(default_factory=set)

    def plans(self) -> dict[int, list[Step]]:
        """What each cell would do, by its index."""
        return {cell.index: plan(cell.config, self.rooms, self._store(cell)) for cell in self.cells}

    def run(self) -> bool:
        """Run every cell; True if all finished. Failed cells are in their status.json, not raised."""
        for cell in self.cells:
            planned(cell.folder)
        plans = self.plans()
        progress = Progress(plans, self.folder, self.say)
        if all(step.reused for steps in plans.values() for step in steps):
            self.say("everything is in the store: nothing to train, nothing to answer")
            self._reuse(progress)
        else:
            self._make(progress, plans)
        return all(read_status(cell.folder)["state"] == "finished" for cell in self.cells)

    def _reuse(self, progress: Progress) -> None:
        """Run in this process: reading results needs none of the heavy libraries, and trackers saw them when they were made."""
        for cell in self.cells:
            watch = Watch(began=lambda name, action, cell=cell: progress.told(cell, Event("began", name, action)))  # type: ignore[misc]
            try:
                run_cell(cell, rooms=self.rooms, store=self._store(cell), watch=watch, trackers=no_trackers)
            except Exception:
                logging.getLogger(__name__).debug("%s failed", cell.name)
            self._ended(progress, cell, read_status(cell.folder), report=False)

    def _make(self, progress: Progress, plans: dict[int, list[Step]]) -> None:
        first = self.cells[0].config
        parallel = engine.side_by_side(first, len(self.cells))
        engine.prepare(first, parallel, self.preload)
        self._data(plans)
        local = engine.LocalEngine(parallel, progress.told, lambda cell, status: self._ended(progress, cell, status))
        local.run([self._task(cell) for cell in self.cells])

    def _data(self, plans: dict[int, list[Step]]) -> None:
        """Build the data that cells share before any of them starts, so that none waits for another."""
        for cell in self.cells:
            if any(not step.reused for step in plans[cell.index]):
                missing = [step for step in plans[cell.index] if step.kind == "data" and not step.reused]
                if missing and missing[0].name not in self.verified:
                    self.say(f"building {missing[0].name}")
                build_data(cell.config, self.rooms, self._store(cell), engine.cores())

    def _task(self, cell: Cell) -> Task:
        group = f"{self.folder.parent.name}/{self.folder.name}"
        argv = tuple(command(self.argv))
        return Task(cell, self.rooms, group, self.since, frozenset(self.verified), argv)

    def _ended(self, progress: Progress, cell: Cell, status: dict[str, Any], report: bool = True) -> None:
        progress.ended(cell, status, result_of(cell) if status["state"] == "finished" else None)
        if report:
            self._report()

    def _report(self) -> None:
        """An early report is a courtesy: what goes wrong with it is said, and tried again at the end."""
        try:
            self.report()
        except GemmaAudioError:
            pass  # nothing to compare yet
        except Exception as error:
            self.say(f"        the report could not be rebuilt yet: {type(error).__name__}: {error}")

    def _store(self, cell: Cell) -> Store:
        return Store(cell.store, cell.config.reuse, self.since, self.say, self.verified)


def result_of(cell: Cell) -> dict[str, Any]:
    """result.json of a finished cell."""
    return dict(json.loads((cell.folder / "result.json").read_text()))
