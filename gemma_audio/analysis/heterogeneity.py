"""Does the change differ between bins at all?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gemma_audio.analysis.arm import Codes, Floats

DRAWS = 9999
CHUNK = 1000


class Heterogeneity(NamedTuple):
    """Sum over bins of n (bin mean - overall mean) squared, and its sign-flip p-value."""

    statistic: float
    p: float


def dispersion(differences: Floats, members: Floats) -> Floats:
    """The statistic for each row of `differences` (..., items); `members` is (items, bins), one 1 per row."""
    counts = members.sum(0)
    gaps = differences @ members / counts - differences.mean(-1, keepdims=True)
    result: Floats = (counts * gaps**2).sum(-1)
    return result


def heterogeneity(differences: Floats, codes: Codes, *, seed: int = 0, draws: int = DRAWS) -> Heterogeneity:
    """Sign-flip test that all bins share one mean difference.

    `differences` and `codes` are (items,). The residuals from the overall mean keep their bin and their size and get random
    signs; permuting labels instead has the wrong size when bins differ in size and spread. Items are the units: it speaks of
    these runs.
    """
    members = np.eye(int(codes.max()) + 1)[codes]
    observed = float(dispersion(differences, members))
    residuals = differences - differences.mean()
    rng, reached = np.random.default_rng(seed), 0
    for start in range(0, draws, CHUNK):
        signs = rng.choice((-1.0, 1.0), size=(min(CHUNK, draws - start), residuals.size))
        reached += int((dispersion(signs * residuals, members) >= observed * (1 - 1e-9) - 1e-12).sum())
    return Heterogeneity(observed, (1 + reached) / (1 + draws))
