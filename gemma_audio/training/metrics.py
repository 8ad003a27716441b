"""Figures of a run: one row per step in metrics.csv, to the caller's sink and to its progress display."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from torch import Tensor

from gemma_audio.errors import GemmaAudioError

COLUMNS = ("step", "stage", "loss", "lr", "grad_norm", "tokens_per_second")
FINITE = {"loss": "loss", "grad_norm": "gradient norm"}
REMEDY = "lower optim.lr, raise optim.warmup_steps, or look for a broken clip"
EVERY = 10  # steps between two readings of the accelerator

Progress = Callable[[int, int, dict[str, float]], None]


class MetricSink(Protocol):
    """Receives the figures of one step: loss (nats per answer token), lr, grad_norm, tokens_per_second."""

    def __call__(self, step: int, metrics: dict[str, float]) -> None: ...


class Metrics:
    """Collects a run's figures without waiting for an accelerator at each step; rows after `start` are written anew."""

    def __init__(self, path: Path, stage: str, start: int, steps: int, log: MetricSink, progress: Progress) -> None:
        self.path, self.stage, self.steps, self.log, self.progress = path, stage, steps, log, progress
        self._waiting: list[tuple[int, Tensor, float, Tensor, int]] = []
        self._since = time.perf_counter()
        kept = _rows_until(path, start)
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *kept])

    def record(self, step: int, loss: Tensor, lr: float, norm: Tensor, tokens: int) -> None:
        """Take the figures of optimizer step `step` (from 1)."""
        self._waiting.append((step, loss, lr, norm, tokens))
        if len(self._waiting) >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Read, check and write what was collected. Raises GemmaAudioError where a loss or a norm is not finite."""
        now = time.perf_counter()
        rate = sum(row[4] for row in self._waiting) / max(now - self._since, 1e-9)
        rows = [(step, float(loss), lr, float(norm), rate) for step, loss, lr, norm, _ in self._waiting]
        self._waiting, self._since = [], now
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows([(step, self.stage, *map(_text, figures)) for step, *figures in rows])
        for step, *figures in rows:
            self._publish(step, dict(zip(COLUMNS[2:], figures, strict=True)))

    def _publish(self, step: int, metrics: dict[str, float]) -> None:
        for column, name in FINITE.items():
            if not math.isfinite(metrics[column]):
                raise GemmaAudioError(f"stage {self.stage}: the {name} of step {step} is {metrics[column]}; {REMEDY}")
        self.log(step, metrics)
        self.progress(step, self.steps, metrics)


def _text(figure: float) -> str:
    return f"{figure:.6g}"


def _rows_until(path: Path, step: int) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [row for row in rows if len(row) == len(COLUMNS) and int(row[0]) <= step]
