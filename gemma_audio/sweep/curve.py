"""The figures of a stage in step order, whichever attempt computed them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

Log = Callable[[int, dict[str, float]], None]


class Curve:
    """Hands a stage's figures on to `log`; of a stage that goes on, first the rows that earlier attempts left in `path`."""

    def __init__(self, path: Path, log: Log) -> None:
        self._path, self._log = path, log
        self._last: int | None = None

    def __call__(self, step: int, figures: dict[str, float]) -> None:
        if self._last is None:
            self._replay(step)
        self._log(step, figures)
        self._last = step

    def finish(self) -> None:
        """Hand on all rows where the attempt had no step left to do."""
        if self._last is None:
            self._replay(None)

    def _replay(self, until: int | None) -> None:
        for row in read_rows(self._path):
            if until is None or int(row["step"]) < until:
                self._log(int(row["step"]), numbers(row))


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a metrics.csv; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(row: dict[str, str]) -> dict[str, float]:
    """A row's figures; a column that is empty, since an older version wrote it, is left out."""
    return {name: float(value) for name, value in row.items() if name not in ("step", "stage") and value}
