"""Does the change differ between bins at all?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gemma_audio.analysis.arm import Codes, Floats

DRAWS = 9999
CHUNK = 1000


class Heterogeneity(NamedTuple):
    """Sum over bins of n (bin mean - overall mean) squared, and its sign-flip p-value."""

    statistic: float
    p: float


def dispersion(sums: Floats, counts: Codes) -> Floats:
    """The statistic for each row of `sums` (..., bins), the differences added up by bin."""
    gaps = sums / counts - sums.sum(-1, keepdims=True) / counts.sum()
    result: Floats = (counts * gaps**2).sum(-1)
    return result


def heterogeneity(differences: Floats, codes: Codes, *, seed: int = 0, draws: int = DRAWS) -> Heterogeneity:
    """Sign-flip test that all bins share one mean difference.

    `differences` and `codes` are (items,). The residuals from the overall mean keep their bin and their size and get random
    signs; permuting labels instead has the wrong size when bins differ in size and spread. Items are the units: it speaks of
    these runs.
    """
    members, counts = np.eye(int(codes.max()) + 1)[codes], np.bincount(codes)
    observed = float(dispersion(differences @ members, counts))
    residuals = differences - differences.mean()
    placed = (residuals[:, None] * members).astype(np.float32)
    rng, reached = np.random.default_rng(seed), 0
    least = observed * (1 - 1e-5) - 1e-9  # more than rounding, less than the step between two outcomes
    for start in range(0, draws, CHUNK):
        kept = bits(rng, min(CHUNK, draws - start), residuals.size) @ placed
        reached += int((dispersion(2.0 * kept - placed.sum(0), counts) >= least).sum())
    return Heterogeneity(observed, (1 + reached) / (1 + draws))


def bits(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """Random zeros and ones (rows, columns): which items keep their sign."""
    packed = np.frombuffer(rng.bytes(rows * -(-columns // 8)), dtype=np.uint8).reshape(rows, -1)
    return np.unpackbits(packed, axis=1, count=columns).astype(np.float32)
