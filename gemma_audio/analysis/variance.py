"""Variance of a mean as a sum of independent parts, each with its own degrees of freedom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gemma_audio.analysis.arm import Codes, Floats


class Part(NamedTuple):
    """One component of the variance of an estimate, and the degrees of freedom it was estimated with."""

    variance: float
    df: float


def total(parts: Iterable[Part]) -> Part:
    """Sum of the parts with Welch-Satterthwaite degrees of freedom; (0, nan) where nothing varies."""
    known = [part for part in parts if part.variance > 0 and part.df > 0]
    variance = sum(part.variance for part in known)
    if variance == 0:
        return Part(0.0, float("nan"))
    return Part(variance, variance**2 / sum(part.variance**2 / part.df for part in known))


def items_part(differences: Floats) -> Part:
    """Variance of the mean of `differences` (items,) from the drawing of the items; nothing is known of one item."""
    count = differences.size
    return Part(float(differences.var(ddof=1)) / count, count - 1) if count > 1 else Part(0.0, 0)


def run_parts(scores: Floats) -> list[Part]:
    """Variance of the mean of `scores` (runs, items) from the training runs; empty for a single run."""
    runs = len(scores)
    return [Part(float(scores.mean(1).var(ddof=1)) / runs, runs - 1)] if runs > 1 else []


def pooled_run_parts(scores: Floats, codes: Codes) -> list[Part]:
    """Variance of one bin's mean from the training runs, pooled over bins weighted by their items.

    `scores` (runs, items), `codes` (items,) the bin of each item, 0..bins-1, none empty. A bin's few questions say too little
    about run noise, so the spread of (run, bin) means is split into the run's own effect (runs - 1 degrees of freedom) and the
    run-by-bin remainder ((runs - 1)(bins - 1), with the effective number of bins); the two are orthogonal and add up to the
    pooled variance.
    """
    runs = len(scores)
    if runs < 2:
        return []
    counts = np.bincount(codes)
    weights = counts / counts.sum()
    means = np.stack([scores[:, codes == code].mean(1) for code in range(len(counts))], axis=1)
    centred = means - means.mean(0)
    main = centred @ weights
    remainder = float((((centred - main[:, None]) ** 2) @ weights).sum()) / (runs - 1)
    effective_bins = 1 / float((weights**2).sum())
    return [
        Part(float((main**2).sum()) / (runs - 1) / runs, runs - 1),
        Part(remainder / runs, (runs - 1) * (effective_bins - 1)),
    ]
