"""Variance of a mean as a sum of independent parts, each with its own degrees of freedom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import special

from gemma_audio.analysis.arm import Floats

Value = float | Floats

ROUNDING = 1e-20
"""A variance of accuracies below this is rounding: nothing varies."""


class Part(NamedTuple):
    """One component of the variance of an estimate, and the degrees of freedom of its estimate; arrays for many estimates."""

    variance: Value
    df: Value


class Student(NamedTuple):
    """Student's t-test of estimates against 0: interval, two-sided p, freedom, variance; p = 1 where nothing varies."""

    low: Floats
    high: Floats
    p: Floats
    df: Floats
    variance: Floats


def total(parts: Iterable[Part]) -> Part:
    """Sum of the parts with Welch-Satterthwaite degrees of freedom, but of parts without any; (0, nan) where nothing varies."""
    variance: Floats = np.zeros(())
    squares: Floats = np.zeros(())
    for part in parts:
        known = (np.asarray(part.df) > 0) & (np.asarray(part.variance) > ROUNDING)
        variance = variance + np.where(known, part.variance, 0.0)
        squares = squares + np.where(known, part.variance, 0.0) ** 2 / np.where(known, part.df, 1.0)
    with np.errstate(invalid="ignore"):
        return Part(variance, variance**2 / squares)


def items_part(differences: Floats) -> Part:
    """Variance of the mean of `differences` (items,) from the drawing of the items; nothing is known of one item."""
    count = differences.size
    return Part(float(differences.var(ddof=1)) / count, count - 1) if count > 1 else Part(0.0, 0)


def student(delta: Value, parts: Iterable[Part], alpha: float) -> Student:
    """Test the estimates `delta`, differences of accuracies, with the sum of `parts`; the interval is cut to [-1, 1]."""
    variance, df = map(np.asarray, total(parts))
    error = np.sqrt(variance)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = special.stdtrit(df, 1 - alpha / 2) * error
        p = np.where(variance > 0, 2 * special.stdtr(df, -np.abs(delta) / error), 1.0)
    return Student(np.maximum(delta - half, -1.0), np.minimum(delta + half, 1.0), p, df, variance)
