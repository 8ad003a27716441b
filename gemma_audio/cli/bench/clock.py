"""Timing: the first call warms up, the median of the others counts; what is paired is timed alternately in one run."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from gemma_audio.cli.bench.figure import Figure, seconds
from gemma_audio.errors import GemmaAudioError

Work = Callable[[], Any]


@dataclass(frozen=True)
class Time:
    """What one call took: seconds on the wall, and CPU seconds of this process and of the children that it waited for."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Pair:
    """The same result in two ways, in seconds."""

    fast: float
    slow: float

    def figure(self, name: str, note: str, of: str = "CPU") -> Figure:
        """How many times longer the slow way takes; `note` says what the two are."""
        return Figure(name, self.slow / self.fast, "x", note=f"{seconds(self.fast)} for {seconds(self.slow)} {of}: {note}")


def once(work: Work) -> Time:
    """Time one call."""
    wall, cpu = time.perf_counter(), _cpu()
    work()
    return Time(time.perf_counter() - wall, _cpu() - cpu)


def repeated(work: Work, repeats: int) -> Time:
    """The medians of `repeats` calls after one that warms up."""
    work()
    times = [once(work) for _ in range(repeats)]
    return Time(median(t.wall for t in times), median(t.cpu for t in times))


def paired(fast: Work, slow: Work, repeats: int, *, wall: bool = False) -> Pair:
    """CPU seconds (or `wall`) of two ways to one result, which they return.

    Raises GemmaAudioError where the results differ: then there is nothing to compare.
    """
    agree(fast(), slow())
    times = [(once(fast), once(slow)) for _ in range(repeats)]
    chosen = [(a.wall, b.wall) if wall else (a.cpu, b.cpu) for a, b in times]
    return Pair(median(a for a, _ in chosen), median(b for _, b in chosen))


def agree(fast: Any, slow: Any, tolerance: float = 1e-3) -> None:
    """Raise GemmaAudioError unless two arrays of numbers agree to `tolerance`, relative and absolute."""
    import numpy as np

    a, b = np.asarray(fast, dtype=np.float64), np.asarray(slow, dtype=np.float64)
    if a.shape != b.shape:
        raise GemmaAudioError(f"the two ways give results of other shapes: {a.shape} and {b.shape}")
    if not np.allclose(a, b, rtol=tolerance, atol=tolerance):
        raise GemmaAudioError(f"the two ways give other results: up to {np.abs(a - b).max():.3g} apart")


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
