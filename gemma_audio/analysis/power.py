"""How large a change must be before it would usually be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

from gemma_audio.analysis.arm import Floats
from gemma_audio.analysis.variance import Part, total

POWER = 0.8


class Discordance(NamedTuple):
    """How much two arms differ item by item: mean |d| (with one run a side, the share of differing items) and mean d squared."""

    magnitude: float
    square: float


def discordance(differences: Floats) -> Discordance:
    """Discordance of per-item differences (items,), to be taken over every bin together: a bin's own says too little."""
    return Discordance(float(np.abs(differences).mean()), float((differences**2).mean()))


def mde(count: int, pooled: Discordance, alpha: float, between: Sequence[Part] = (), power: float = POWER) -> float | None:
    """Minimum detectable effect: the true change that a two-sided test of `count` items at `alpha` finds with `power`.

    Normal approximation without run noise, Student's t with it. None where it is out of reach: even if every differing item
    changed to one side, the change would be smaller than what is needed.
    """
    null, df = total([Part(pooled.square / count, max(count - 1, 1)), *between])
    threshold, reach = _quantiles(alpha, power, df if between else np.inf)

    def excess(delta: float) -> float:
        return float(delta - threshold * null**0.5 - reach * max(null - delta**2 / count, 0.0) ** 0.5)

    if pooled.magnitude == 0 or excess(pooled.magnitude) < 0:
        return None
    return float(optimize.brentq(excess, 0.0, pooled.magnitude))


def _quantiles(alpha: float, power: float, df: float) -> tuple[float, float]:
    return float(stats.t.ppf(1 - alpha / 2, df)), float(stats.t.ppf(power, df))
