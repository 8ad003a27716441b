"""All cells of one command: the plan, the shared data, the engine, the report after every cell."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import Reuse
from gemma_audio.data.product import remarks
from gemma_audio.errors import GemmaAudioError, StoreError
from gemma_audio.sweep import engine
from gemma_audio.sweep.background import Background
from gemma_audio.sweep.display import display
from gemma_audio.sweep.estimate import Past
from gemma_audio.sweep.event import Event, Task
from gemma_audio.sweep.job import run_cell
from gemma_audio.sweep.ledger import Cell, read_status, write_status
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.plan import Step, plan
from gemma_audio.sweep.progress import Progress
from gemma_audio.sweep.provenance import command
from gemma_audio.sweep.rooms import Rooms
from gemma_audio.sweep.stages import Links, Watch, build_data
from gemma_audio.sweep.store import Store, Stored
from gemma_audio.sweep.tracker import Trackers
from gemma_audio.sweep.weights_and_biases import group_of, run_id

Say = Callable[[str], None]


@dataclass
class Runner:
    """Runs the cells of one command; `report` is called, in a thread of its own, after cells that ended while others go on."""

    cells: Sequence[Cell]
    folder: Path
    argv: Sequence[str]
    rooms: Rooms = field(default_factory=Rooms)
    report: Callable[[], None] = lambda: None
    say: Say = print
    since: float = field(default_factory=time.time)
    verified: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._plugins = list(dict.fromkeys(name for cell in self.cells for name in cell.config.plugins))
        self._code = self.rooms.code(self._plugins)
        self._chains: dict[int, Links] = {}
        self._said: set[str] = set()

    def plans(self) -> dict[int, list[Step]]:
        """What each cell would do, by its index."""
        past = {root: Past(Store(root)) for root in {cell.store for cell in self.cells}}
        return {cell.index: plan(self._links(cell), self._store(cell), past[cell.store]) for cell in self.cells}

    def run(self) -> bool:
        """Run every cell; True if all finished. Failed cells are in their status.json, not raised.

        Raises StoreError where reuse=only and something is missing, ConfigError where a base cannot be had, before anything runs.
        """
        for cell in self.cells:
            write_status(cell.folder, "planned")
        plans = self._verified_plans()
        self._refuse_work(plans)
        progress = Progress(plans, self.folder, self.say, engine.side_by_side(self.cells[0].config, len(self.cells)))
        if all(step.reused for steps in plans.values() for step in steps):
            self.say("everything is in the store: nothing to train, nothing to answer")
            self._reuse(progress)
        else:
            self._make(progress, plans)
        return all(read_status(cell.folder)["state"] == "finished" for cell in self.cells)

    def _verified_plans(self) -> dict[int, list[Step]]:
        """The plans once all that would be reused has been read and found whole; what is damaged is planned anew."""
        plans = self.plans()
        for cell in self.cells:
            names = [step.name for step in plans[cell.index] if step.reused]
            if not all(self._store(cell).verify(name) for name in names):
                return self._verified_plans()
        return plans

    def _refuse_work(self, plans: dict[int, list[Step]]) -> None:
        missing = {step.name: step.reason for steps in plans.values() for step in steps if not step.reused}
        if missing and self.cells[0].config.reuse is Reuse.only:
            lines = "\n".join(f"  {name}: {reason}" for name, reason in missing.items())
            raise StoreError(f"reuse=only, but the store lacks\n{lines}\n    Type reuse=missing to make what is missing.")

    def _reuse(self, progress: Progress) -> None:
        """Run in this process: reading results needs none of the heavy libraries, and W&B saw them when they were made."""
        for cell in self.cells:
            store = self._store(cell)
            self._say_data({made.name: store.find(made) for made, _ in self._links(cell).products()})
            watch = Watch(began=partial(_tell, progress, cell))
            with _log_to(cell.folder / "run.log"), suppress(Exception):  # what went wrong is in status.json
                run_cell(cell, links=self._links(cell), store=self._store(cell), watch=watch, trackers=Trackers.on_disk)
            self._ended(progress, cell, read_status(cell.folder))

    def _make(self, progress: Progress, plans: dict[int, list[Step]]) -> None:
        first = self.cells[0].config
        self._fetch()
        parallel = engine.side_by_side(first, len(self.cells))
        engine.prepare(first, parallel, (*self.rooms.preload, *self._plugins))
        self._data(plans)
        reports = Background(self.report, self._report_failed)
        local = engine.LocalEngine(parallel, progress.told, partial(self._ended_early, progress, reports))
        try:
            with display(progress):
                local.run([self._task(cell, plans[cell.index]) for cell in self.cells])
        finally:
            reports.close()

    def _fetch(self) -> None:
        """Have the files of every base before data are made and cells start, so that what is missing is told once."""
        for model in {(m.source, m.revision): m for m in (cell.config.model for cell in self.cells)}.values():
            self.rooms.model_files(model)

    def _data(self, plans: dict[int, list[Step]]) -> None:
        """Build the data that cells share before any of them starts, so that none waits for another."""
        for cell in self.cells:
            if any(not step.reused for step in plans[cell.index]):
                for step in plans[cell.index]:
                    if step.kind == "data" and not step.reused and step.name not in self.verified:
                        self.say(f"building {step.name}")
                self._say_data(build_data(self._links(cell), self._store(cell), engine.cores()))

    def _say_data(self, products: Mapping[str, Stored | None]) -> None:
        """Say once of every product what was left out of it or changed in it, also where it is reused."""
        for name, stored in products.items():
            for line in remarks(stored.path) if stored and name not in self._said else ():
                self.say(line)
            self._said.add(name)

    def _task(self, cell: Cell, steps: Sequence[Step]) -> Task:
        sweep = cell.config.sweep.name if cell.config.sweep else ""
        mirror = Mirror(group_of(self.folder), run_id(sweep, cell, steps[-1].name, self.folder.name), self.folder)
        argv = tuple(command(self.argv))
        return Task(cell, self._links(cell), mirror, self.since, frozenset(self.verified), argv)

    def _ended(self, progress: Progress, cell: Cell, status: dict[str, Any]) -> None:
        progress.ended(cell, status, result_of(cell) if status["state"] == "finished" else None)

    def _ended_early(self, progress: Progress, reports: Background, cell: Cell, status: dict[str, Any]) -> None:
        self._ended(progress, cell, status)
        if any(read_status(other.folder)["state"] in ("planned", "running") for other in self.cells):
            reports.request()

    def _report_failed(self, error: BaseException) -> None:
        """An early report is a courtesy: what goes wrong with it is said, and it is tried again at the end."""
        if not isinstance(error, GemmaAudioError):  # nothing to compare yet
            self.say(f"        the report could not be rebuilt yet: {type(error).__name__}: {error}")

    def _links(self, cell: Cell) -> Links:
        if cell.index not in self._chains:
            self._chains[cell.index] = Links(cell.config, self.rooms, self._code)
        return self._chains[cell.index]

    def _store(self, cell: Cell) -> Store:
        return Store(cell.store, cell.config.reuse, self.since, self.say, self.verified)


def _tell(progress: Progress, cell: Cell, name: str, action: str) -> None:
    progress.told(cell, Event("began", name, action))


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def result_of(cell: Cell) -> dict[str, Any]:
    """result.json of a finished cell."""
    return dict(json.loads((cell.folder / "result.json").read_text()))
