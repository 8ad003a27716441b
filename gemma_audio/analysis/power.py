"""How large a change must be before it would usually be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from gemma_audio.analysis.arm import Floats
from gemma_audio.analysis.mcnemar import critical
from gemma_audio.analysis.variance import Part, Value, total

POWER = 0.8
STEP = 0.01
GRID: Floats = np.arange(1, round(1 / STEP), dtype=np.float64) * STEP
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


@lru_cache(maxsize=4096)
def mde(count: int, pooled: Discordance, alpha: float, between: tuple[Part, ...] = (), *, counted: bool = False) -> float | None:
    """Minimum detectable effect: the smallest true change that a two-sided test of `count` items at `alpha` finds with POWER.

    `counted`: by McNemar's mid-p over items, exactly; otherwise by Student's t over items and the run noise `between`. A change
    beyond the pooled discordance raises it: whole questions change side, so the mean squared difference is at least the change.
    None where no change up to 1 reaches POWER.
    """
    if counted:
        return _crossing(lambda delta: midp_power(count, pooled.square, delta, alpha), SMALLEST, 1 - STEP)
    chance = _t_power(count, pooled, alpha, between)
    reached = np.flatnonzero(chance(GRID) >= POWER)
    if not reached.size:
        return None
    high = float(GRID[reached[0]])
    return _crossing(chance, max(high - STEP, SMALLEST), high)


def _crossing(chance: Callable[[float], Value], low: float, high: float) -> float | None:
    """Where `chance`, which rises from `low` to `high`, reaches POWER; None where it does not."""
    if chance(high) < POWER:
        return None
    return float(optimize.brentq(lambda delta: float(chance(delta)) - POWER, low, high))


def midp_power(count: int, square: float, delta: float, alpha: float) -> float:
    """Exact chance that the mid-p of `count` items shows the true change `delta` at `alpha`, in its direction.

    `square` is the share of differing items, raised to the change where that is larger.
    """
    discordant, rate = np.arange(count + 1), max(square, delta)
    found = special.bdtrc(critical(count, alpha) - 1, discordant, (1 + delta / rate) / 2)
    return float(_binomial(count, rate) @ found)


def _binomial(count: int, rate: float) -> Floats:
    successes = np.arange(count + 1)
    log = _log_choices(count) + special.xlogy(successes, rate) + special.xlog1py(count - successes, -rate)
    result: Floats = np.exp(log)
    return result


@lru_cache(maxsize=1024)
def _log_choices(count: int) -> Floats:
    successes = np.arange(count + 1)
    result: Floats = -special.betaln(successes + 1, count - successes + 1) - np.log(count + 1)
    return result


def _t_power(count: int, pooled: Discordance, alpha: float, between: Sequence[Part]) -> Callable[[Value], Value]:
    # Run noise is measured on the same items, so it holds the flicker that their spread holds already: the test is cautious.
    twice = min(pooled.flicker / count, float(sum(part.variance for part in between)))

    def chance(delta: Value) -> Value:
        items = (np.maximum(pooled.square, delta) - np.square(delta)) / count
        assumed, df = total([Part(items, max(count - 1, 1)), *between])
        threshold = special.stdtrit(df, 1 - alpha / 2) * np.sqrt(assumed)
        all_alike = np.power(delta, count)  # such a bin has no spread to test against
        power: Floats = special.ndtr((delta - threshold) / np.sqrt(assumed - twice)) * (1 - all_alike)
        return power

    return chance
