"""Where a cell's figures go: metrics.csv always, Weights & Biases if it can; no tracker ever stops a run."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from gemma_audio.config.schema import TrackerKind
from gemma_audio.sweep.curve import read_rows
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.redact import redact_text
from gemma_audio.sweep.store import Stored
from gemma_audio.sweep.weights_and_biases import WandbTracker

COLUMNS = ("step", "stage", "loss", "lr", "grad_norm", "tokens_per_second", "memory_gb")


class Tracker(Protocol):
    """Gets figures while a stage trains, every row of it once it is sealed, and the summary and exit code at the end."""

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None: ...

    def sealed(self, stage: str, rows: list[dict[str, str]], reused: bool) -> None: ...

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None: ...


class CsvTracker:
    """metrics.csv of a cell: live while a stage trains, replaced by the sealed stage's own rows when it is done."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "metrics.csv"
        self._rows: list[dict[str, Any]] = []
        self._append(COLUMNS)

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
        self._append([step, stage, *(figures.get(name, "") for name in COLUMNS[2:])])

    def sealed(self, stage: str, rows: list[dict[str, str]], reused: bool) -> None:
        self._rows += [{**row, "stage": stage} for row in rows]
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self._rows)

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
        """Nothing: every row is on disk."""

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

    def sealed(self, stage: str, rows: list[dict[str, str]], reused: bool) -> None:
        with self._guard():
            if self._tracker:
                self._tracker.sealed(stage, rows, reused)

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
    def of(cls, cell: Cell, group: str, run_id: str, warn: Callable[[str], None]) -> Trackers:
        """CSV, and whatever else the cell's config names; each of them guarded."""
        trackers: list[Tracker] = [Guarded("metrics.csv", partial(CsvTracker, cell.folder), warn)]
        for settings in cell.config.tracker.values():
            if settings.kind is TrackerKind.wandb:
                trackers.append(Guarded("W&B", partial(WandbTracker, settings, cell, group, run_id), warn))
        return cls(trackers)

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
        for tracker in self._trackers:
            tracker.log(stage, step, figures)

    def sealed(self, stage: str, stored: Stored) -> None:
        """Give every tracker the stage's rows, as its own metrics.csv has them."""
        rows = read_rows(stored.path / "metrics.csv")
        for tracker in self._trackers:
            tracker.sealed(stage, rows, stored.reused)

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
        for tracker in self._trackers:
            tracker.close(summary, exit_code)
