"""What every batch holds and how it is randomised, as a pure function of (seed, number): nothing to save, nothing to restore."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

ORDER, CHOICE, TORCH, POOL = 1, 2, 3, 4  # independent random streams of one seed


def generator(seed: int, stream: int, number: int) -> np.random.Generator:
    """Return the generator number `number` of a stream of `seed`."""
    return np.random.default_rng([seed, stream, number])


def picks(seed: int, batch: int, size: int, examples: int) -> list[tuple[int, int]]:
    """Return (position, example index) of every row of batch number `batch`.

    Positions count all rows of the run; each run of `examples` positions is one permutation ("epoch" is only arithmetic), so
    that every example is seen once before any is seen twice, whatever the batch size.
    """
    positions = range(batch * size, (batch + 1) * size)
    return [(at, index(seed, at, examples)) for at in positions]


def index(seed: int, at: int, examples: int) -> int:
    """Return the example at position `at`."""
    return int(_permutation(seed, at // examples, examples)[at % examples])


def torch_seed(seed: int, batch: int) -> int:
    """Return the seed of torch's generators for batch number `batch` (dropout, jitter)."""
    return int(np.random.SeedSequence([seed, TORCH, batch]).generate_state(1, np.uint64)[0] >> np.uint64(1))


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, examples: int) -> NDArray[np.int64]:
    return generator(seed, ORDER, epoch).permutation(examples)
