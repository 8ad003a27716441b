"""Confidence intervals of one arm's accuracy and of a paired difference."""

from __future__ import annotations

from typing import Literal

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from gemma_audio.analysis.arm import Arm, Interval
from gemma_audio.analysis.contrast import contrast
from gemma_audio.analysis.mcnemar import PairedTable

Method = Literal["wilson", "items+runs"]


def wilson(correct: int, count: int, alpha: float = 0.05) -> Interval:
    """Wilson's score interval of a proportion."""
    low, high = proportion_confint(correct, count, alpha=alpha, method="wilson")
    return float(low), float(high)


def newcombe(table: PairedTable, alpha: float = 0.05) -> Interval:
    """Newcombe's paired interval (method 10 of Stat Med 17:2635, 1998) of the treatment's accuracy minus the baseline's."""
    a, b, c, d = table
    n = sum(table)
    p1, p2 = (a + b) / n, (a + c) / n
    (low1, high1), (low2, high2) = wilson(a + b, n, alpha), wilson(a + c, n, alpha)
    phi = _phi(a, b, c, d)
    below = (p1 - low1) ** 2 - 2 * phi * (p1 - low1) * (high2 - p2) + (high2 - p2) ** 2
    above = (p2 - low2) ** 2 - 2 * phi * (p2 - low2) * (high1 - p1) + (high1 - p1) ** 2
    return p1 - p2 - max(below, 0.0) ** 0.5, p1 - p2 + max(above, 0.0) ** 0.5


def _phi(a: int, b: int, c: int, d: int) -> float:
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    n, product = a + b + c + d, a * d - b * c
    corrected = max(product - n / 2, 0.0) if product > 0 else float(product)
    return float(corrected / margins**0.5)


def accuracy(arm: Arm, alpha: float = 0.05) -> tuple[Interval | None, Method | None]:
    """Interval of an arm's accuracy: Wilson for one run, items and between-run variance for several; never runs times items.

    (None, None) where nothing varies, or where one run's scores are not 0/1.
    """
    if arm.runs == 1 and arm.binary:
        return wilson(int(arm.scores.sum()), arm.scores.shape[1], alpha), "wilson"
    if arm.runs == 1:
        return None, None
    level = contrast(arm.scores, np.zeros((1, arm.scores.shape[1])), "recipe", alpha=alpha)
    if level.interval is None:
        return None, None
    return (max(level.interval[0], 0.0), min(level.interval[1], 1.0)), "items+runs"
