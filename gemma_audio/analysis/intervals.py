"""Confidence intervals of one arm's accuracy and of a paired difference."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import special
from statsmodels.stats.proportion import proportion_confint

from gemma_audio.analysis.arm import Arm, Codes, Floats, Interval
from gemma_audio.analysis.contrast import contrast
from gemma_audio.analysis.mcnemar import PairedTable

Method = Literal["wilson", "items+runs"]
Bounds = tuple[Floats, Floats]


def wilson(correct: int, count: int, alpha: float = 0.05) -> Interval:
    """Wilson's score interval of a proportion."""
    low, high = proportion_confint(correct, count, alpha=alpha, method="wilson")
    return float(low), float(high)


def newcombe(table: PairedTable, alpha: float = 0.05) -> Interval:
    """Newcombe's paired interval (method 10 of Stat Med 17:2635, 1998) of the treatment's accuracy minus the baseline's."""
    low, high = newcombe_bounds(np.array(table), alpha)
    return float(low), float(high)


def newcombe_bounds(cells: Codes, alpha: float = 0.05) -> Bounds:
    """Newcombe's interval of many tables at once: `cells` is (4, ...), the counts a, b, c, d of each."""
    a, b, c, _ = cells
    n = cells.sum(0)
    p1, p2, phi = (a + b) / n, (a + c) / n, _phi(cells)
    (low1, high1), (low2, high2) = (proportion_confint(k, n, alpha=alpha, method="wilson") for k in (a + b, a + c))
    below = (p1 - low1) ** 2 - 2 * phi * (p1 - low1) * (high2 - p2) + (high2 - p2) ** 2
    above = (p2 - low2) ** 2 - 2 * phi * (p2 - low2) * (high1 - p1) + (high1 - p1) ** 2
    return p1 - p2 - np.sqrt(np.maximum(below, 0.0)), p1 - p2 + np.sqrt(np.maximum(above, 0.0))


def _phi(cells: Codes) -> Floats:
    a, b, c, d = cells.astype(np.float64)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    product = a * d - b * c
    corrected = np.where(product > 0, np.maximum(product - cells.sum(0) / 2, 0.0), product)
    result: Floats = np.where(margins > 0, corrected / np.sqrt(np.where(margins > 0, margins, 1.0)), 0.0)
    return result


def bonett_price(differences: Floats, alpha: float = 0.05) -> tuple[Interval, float]:
    """Bonett and Price's adjusted interval (2012) of the mean of `differences` (items,) in [-1, 1], and its p-value.

    Their one item won and one lost beside the data, for differences of any size: on 0/1 scores it is theirs, and where no item
    differs it still has a width, unlike Student's.
    """
    low, high, p = bonett_price_bounds(differences.size, differences.sum(), (differences**2).sum(), alpha)
    return (float(low), float(high)), float(p)


def bonett_price_bounds(count: int | Codes, sums: Floats, squares: Floats, alpha: float = 0.05) -> tuple[Floats, Floats, Floats]:
    """Low, high and p of many samples at once, from the number, the sum and the sum of squares of each one's differences."""
    size = np.add(count, 2)
    centre = sums / size
    error = np.sqrt(((squares + 2) / size - centre**2) / size)
    half = special.ndtri(1 - alpha / 2) * error
    return np.maximum(centre - half, -1.0), np.minimum(centre + half, 1.0), 2 * special.ndtr(-np.abs(centre) / error)


def accuracy(arm: Arm, alpha: float = 0.05) -> tuple[Interval | None, Method | None]:
    """Interval of an arm's accuracy: Wilson for one run, items and between-run variance for several; never runs times items.

    (None, None) where nothing varies, or where one run's scores are not 0/1.
    """
    if arm.runs == 1 and arm.binary:
        return wilson(int(arm.scores.sum()), arm.scores.shape[1], alpha), "wilson"
    if arm.runs == 1:
        return None, None
    level = contrast(arm.scores, np.zeros((1, arm.scores.shape[1])), "recipe", alpha=alpha, blocks=(arm.blocks, None))
    if level.interval is None:
        return None, None
    return (max(level.interval[0], 0.0), min(level.interval[1], 1.0)), "items+runs"
