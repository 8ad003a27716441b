"""How large a change must be before it would usually be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

from gemma_audio.analysis.arm import Floats
from gemma_audio.analysis.mcnemar import critical
from gemma_audio.analysis.variance import Part, total

POWER = 0.8
STEP = 0.01
SMALLEST = 1e-6


class Discordance(NamedTuple):
    """How much two arms differ item by item: the mean squared difference (with one run a side, the share of differing items),
    and how much of it comes from runs of one arm that answer the same item differently.
    """

    square: float
    flicker: float = 0.0


def discordance(treatment: Floats, baseline: Floats) -> Discordance:
    """Discordance of scores (runs, items), to be taken over every bin together: a bin's own says too little."""
    square = float(((treatment.mean(0) - baseline.mean(0)) ** 2).mean())
    return Discordance(square, _flicker(treatment) + _flicker(baseline))


def _flicker(scores: Floats) -> float:
    runs = len(scores)
    return float(scores.var(axis=0, ddof=1).mean()) / runs if runs > 1 else 0.0


def mde(count: int, pooled: Discordance, alpha: float, between: Sequence[Part] = (), *, counted: bool = False) -> float | None:
    """Minimum detectable effect: the smallest true change that a two-sided test of `count` items at `alpha` finds with POWER.

    `counted`: by McNemar's mid-p over items, exactly; otherwise by Student's t over items and the run noise `between`. A change
    beyond the pooled discordance raises it: whole questions change side, so the mean squared difference is at least the change.
    None where no change up to 1 reaches POWER.
    """
    chance = _midp_power(count, pooled, alpha) if counted else _t_power(count, pooled, alpha, between)
    for upper in np.arange(1, round(1 / STEP)) * STEP:
        if chance(upper) >= POWER:
            return float(optimize.brentq(lambda delta: chance(delta) - POWER, max(upper - STEP, SMALLEST), upper))
    return None


def _midp_power(count: int, pooled: Discordance, alpha: float) -> Callable[[float], float]:
    discordant = np.arange(count + 1)
    least = critical(discordant, alpha)

    def chance(delta: float) -> float:
        rate = max(pooled.square, delta)
        found = stats.binom.sf(least - 1, discordant, (1 + delta / rate) / 2)
        return float(stats.binom.pmf(discordant, count, rate) @ found)

    return chance


def _t_power(count: int, pooled: Discordance, alpha: float, between: Sequence[Part]) -> Callable[[float], float]:
    # Run noise is measured on the same items, so it holds the flicker that their spread holds already: the test is cautious.
    twice = min(pooled.flicker / count, sum(part.variance for part in between))

    def chance(delta: float) -> float:
        spread = (max(pooled.square, delta) - delta**2) / count
        assumed, df = total([Part(spread, max(count - 1, 1)), *between])
        threshold = float(stats.t.ppf(1 - alpha / 2, df)) * assumed**0.5
        all_alike = delta**count  # such a bin has no spread to test against
        return float(stats.norm.cdf((delta - threshold) / (assumed - twice) ** 0.5)) * (1 - all_alike)

    return chance
