"""Where a cell's figures go: metrics.csv always, Weights & Biases if it can; no tracker ever stops a run."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from gemma_audio.config.kinds import TrackerKind
from gemma_audio.sweep.curve import read_rows
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.redact import redact_text
from gemma_audio.sweep.store import Stored
from gemma_audio.sweep.weights_and_biases import WandbTracker

Rows = list[dict[str, str]]
COLUMNS = ("step", "stage", "loss", "lr", "grad_norm", "tokens_per_second", "memory_gb")


class Tracker(Protocol):
    """Gets figures while a stage trains, every row and probe of it once it is sealed, and at the end summary and exit code."""

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None: ...

    def sealed(self, stage: str, rows: Rows, probes: Rows, stored: Stored) -> None: ...

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None: ...


class CsvTracker:
    """metrics.csv of a cell: live while a stage trains, replaced by the sealed stage's own rows when it is done."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "metrics.csv"
        self._rows: list[dict[str, Any]] = []
        self._probes: list[dict[str, Any]] = []
        self._append(COLUMNS)

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
        if "loss" in figures:  # what else is logged on the way has a file of its own
            self._append([step, stage, *(figures.get(name, "") for name in COLUMNS[2:])])

    def sealed(self, stage: str, rows: Rows, probes: Rows, stored: Stored) -> None:
        self._rows += [{**row, "stage": stage} for row in rows]
        self._write(self.path, COLUMNS, self._rows)
        self._probes += [{"stage": stage, **row} for row in probes]
        if self._probes:
            self._write(self.path.with_name("probes.csv"), tuple(self._probes[0]), self._probes)

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
        """Nothing: every row is on disk."""

    def _write(self, path: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    def _append(self, row: Sequence[Any]) -> None:
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow(row)


class Guarded:
    """A tracker that may fail: its first exception becomes one warning, and it gets nothing more."""

    def __init__(self, name: str, start: Callable[[], Tracker], warn: Callable[[str], None]) -> None:
        self._name, self._warn = name, warn
        self._tracker: Tracker | None = None
        with self._guard():
            self._tracker = start()

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
        with self._guard():
            if self._tracker:
                self._tracker.log(stage, step, figures)

    def sealed(self, stage: str, rows: Rows, probes: Rows, stored: Stored) -> None:
        with self._guard():
            if self._tracker:
                self._tracker.sealed(stage, rows, probes, stored)

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
        with self._guard():
            if self._tracker:
                self._tracker.close(summary, exit_code)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except (Exception, SystemExit) as error:  # wandb raises both, of many kinds
            self._tracker = None
            self._warn(f"{self._name} is off for this cell: {type(error).__name__}: {redact_text(str(error))[:200]}")


class Trackers:
    """All trackers of a cell as one."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._trackers = list(trackers)

    @classmethod
    def of(cls, cell: Cell, mirror: Mirror, warn: Callable[[str], None]) -> Trackers:
        """CSV, and whatever else the cell's config names; each of them guarded."""
        trackers: list[Tracker] = [Guarded("metrics.csv", partial(CsvTracker, cell.folder), warn)]
        for settings in cell.config.tracker.values():
            if settings.kind is TrackerKind.wandb:
                trackers.append(Guarded("W&B", partial(WandbTracker, settings, cell, mirror), warn))
        return cls(trackers)

    @classmethod
    def on_disk(cls, cell: Cell, warn: Callable[[str], None]) -> Trackers:
        """CSV alone."""
        return cls([Guarded("metrics.csv", partial(CsvTracker, cell.folder), warn)])

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
        for tracker in self._trackers:
            tracker.log(stage, step, figures)

    def sealed(self, stage: str, stored: Stored) -> None:
        """Give every tracker the stage's rows, as its own metrics.csv and probes.csv have them."""
        rows, probes = (read_rows(stored.path / name) for name in ("metrics.csv", "probes.csv"))
        for tracker in self._trackers:
            tracker.sealed(stage, rows, probes, stored)

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
        for tracker in self._trackers:
            tracker.close(summary, exit_code)
