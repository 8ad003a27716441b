"""How far the simulation is, on a terminal's standard error; nothing where that is piped."""

from __future__ import annotations

import sys
import time

from gemma_audio.sweep.progress import duration

EVERY = 0.5  # seconds


class Progress:
    """Counts `total` steps."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._began = self._last = time.monotonic()
        self._shown = sys.stderr.isatty()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if self._shown and (now - self._last >= EVERY or self._done == self._total):
            self._last = now
            left = (now - self._began) * (self._total - self._done) / self._done
            end = "\n" if self._done == self._total else ""
            print(f"\r{self._done}/{self._total} draws, about {duration(left)} left   ", end=end, file=sys.stderr, flush=True)
