"""Figures of a run: one row per step in metrics.csv, to the caller's sink and to its progress display."""

from __future__ import annotations

import csv
import math
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from gemma_audio.errors import GemmaAudioError

COLUMNS = ("step", "stage", "loss", "lr", "grad_norm", "tokens_per_second", "memory_gb")
FINITE = {"loss": "loss", "grad_norm": "gradient norm"}
REMEDY = "lower optim.lr, raise optim.warmup_steps, or look for a broken clip"
EVERY = 10  # steps between two readings of the accelerator
GB = 1e9  # bytes
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in the unit of ru_maxrss

Progress = Callable[[int, int, dict[str, float]], None]


class MetricSink(Protocol):
    """Receives one step: loss (nats per answer token), lr, grad_norm, tokens_per_second, memory_gb (peak, in 10^9 bytes)."""

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

    def leave_out(self, seconds: float) -> None:
        """Do not count the last `seconds` as time of training."""
        self._since += seconds

    def flush(self) -> None:
        """Read, check and write what was collected. Raises GemmaAudioError where a loss or a norm is not finite."""
        now = time.perf_counter()
        rate = sum(row[4] for row in self._waiting) / max(now - self._since, 1e-9)
        peak = peak_memory_gb(self._waiting[0][1].device) if self._waiting else 0.0
        rows = [(step, float(loss), lr, float(norm), rate, peak) for step, loss, lr, norm, _ in self._waiting]
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


def peak_memory_gb(device: torch.device) -> float:
    """The most memory used so far, in 10^9 bytes: allocated on a GPU, else resident of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / GB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / GB


def _text(figure: float) -> str:
    return f"{figure:.6g}"


def _rows_until(path: Path, step: int) -> list[list[str]]:
    """Whole rows of a file, also of one that an earlier version wrote: a column that it lacks is empty."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    known = [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]
    return [[row.get(name, "") for name in COLUMNS] for row in known if int(row["step"]) <= step]
