"""The figures of a stage in step order, whichever attempt computed them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

Log = Callable[[int, dict[str, float]], None]


class Curve:
    """Hands a stage's figures on to `log`; of a stage that goes on, first those that earlier attempts left.

    These are the rows of `path` and of the probes.csv beside it.
    """

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
        probes = read_rows(self._path.with_name("probes.csv"))
        for step, found in figures(read_rows(self._path), probes):
            if until is None or step < until:
                self._log(step, found)


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a metrics.csv; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def figures(rows: list[dict[str, str]], probes: list[dict[str, str]]) -> list[tuple[int, dict[str, float]]]:
    """What a stage logged, by step: of its metrics.csv all figures, of its probes.csv the accuracy as dev/accuracy."""
    found = {int(row["step"]): numbers(row) for row in rows}
    for row in probes:
        found.setdefault(int(row["step"]), {})["dev/accuracy"] = float(row["accuracy"])
    return sorted(found.items())


def numbers(row: dict[str, str]) -> dict[str, float]:
    """A row's figures; a column that is empty, since an older version wrote it, is left out."""
    return {name: float(value) for name, value in row.items() if name not in ("step", "stage") and value}
