"""Two arms bin by bin, as arrays: differences, intervals, tests, and what each test could have shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gemma_audio.analysis.arm import Arm, Codes, Floats, Scope
from gemma_audio.analysis.blocks import Side, run_parts
from gemma_audio.analysis.intervals import bonett_price_bounds, newcombe_bounds
from gemma_audio.analysis.mcnemar import countable, least_midp, midp_values, paired_counts
from gemma_audio.analysis.variance import ROUNDING, Part, student


class Moments(NamedTuple):
    """Number, sum, sum of squares and sum of squared deviations of each bin's differences, (bins,) each."""

    counts: Codes
    sums: Floats
    squares: Floats
    deviations: Floats

    @property
    def means(self) -> Floats:
        """Mean difference of each bin."""
        result: Floats = self.sums / self.counts
        return result

    @property
    def items_part(self) -> Part:
        """Variance of each mean from the drawing of the bin's items."""
        return Part(self.deviations / np.maximum(self.counts - 1, 1) / self.counts, np.subtract(self.counts, 1.0))


class Tests(NamedTuple):
    """Interval and p of each bin, and the smallest p that it could have given.

    For items alone that is had every differing item changed to the same side. With run noise it is had every item changed: which
    items differ, and how much, then tells of the bin's run noise too, and a screen by it would pick the very bins where that
    noise is large (simulated at MMAU's bins and a run-by-bin SD of 10 points: a false flag in 14 % of draws, not 2 %).
    `df` is NaN where the test has none. p is 1 and the interval NaN where a bin's own spread does not show (`settled` false).
    """

    low: Floats
    high: Floats
    p: Floats
    df: Floats
    least_p: Floats
    settled: Codes


@dataclass(frozen=True)
class Bins:
    """The bins of a pair in one scope; `between` is what runs add to each bin's variance, `cells` (4, bins) the paired tables
    where each side is one run of 0/1 scores.
    """

    scope: Scope
    moments: Moments
    between: tuple[Part, ...]
    tests: Tests
    cells: Codes | None


def measured_bins(treatment: Arm, baseline: Arm, codes: Codes, scope: Scope, alpha: float) -> Bins:
    """Test every bin; `codes` (items,) is each item's bin, 0..bins-1, none empty.

    Single runs of 0/1 scores are tested by mid-p with Newcombe's interval, single runs of item means by Bonett and Price's, all
    others by Student's t over the bin's items and the run noise pooled over bins.
    """
    differences = treatment.scores.mean(0) - baseline.scores.mean(0)
    own = moments(differences, codes)
    if countable(treatment, baseline):
        cells = paired_counts(treatment, baseline, codes)
        return Bins(scope, own, (), _counted(cells, alpha), cells)
    if scope == "these runs" and treatment.runs == baseline.runs == 1:
        return Bins(scope, own, (), _averaged(own, np.abs(differences), codes, alpha), None)
    sides = (Side(1.0, treatment.scores, treatment.blocks), Side(-1.0, baseline.scores, baseline.blocks))
    between = tuple(run_parts(sides, codes)) if scope == "recipe" else ()
    least = _least_of_runs(own, between) if between else _least_of_items(moments(np.abs(differences), codes))
    return Bins(scope, own, between, _student(own, least, between, alpha), None)


def moments(differences: Floats, codes: Codes) -> Moments:
    """Moments of `differences` (items,) by bin."""
    counts, sums, squares = np.bincount(codes), _added(differences, codes), _added(differences**2, codes)
    deviations = _added((differences - (sums / counts)[codes]) ** 2, codes)
    return Moments(counts, sums, squares, np.where(deviations > ROUNDING * counts**2, deviations, 0.0))


def _added(values: Floats, codes: Codes) -> Floats:
    return np.bincount(codes, values).astype(np.float64, copy=False)


def _counted(cells: Codes, alpha: float) -> Tests:
    bins = cells.shape[1]
    p, least = midp_values(cells[1], cells[2]), least_midp(cells[1] + cells[2])
    return Tests(*newcombe_bounds(cells, alpha), p, np.full(bins, np.nan), least, np.ones(bins, dtype=np.intp))


def _averaged(own: Moments, sizes: Floats, codes: Codes, alpha: float) -> Tests:
    bins = own.counts.size
    low, high, p = bonett_price_bounds(own.counts, own.sums, own.squares, alpha)
    least = bonett_price_bounds(own.counts, _added(sizes, codes), own.squares, alpha)[2]
    return Tests(low, high, p, np.full(bins, np.nan), least, np.ones(bins, dtype=np.intp))


def _student(own: Moments, least: Floats, between: tuple[Part, ...], alpha: float) -> Tests:
    """Where all items of a bin differ alike its own spread is 0, and an interval from run noise alone would be far too narrow."""
    tested = student(own.means, [own.items_part, *between], alpha)
    settled = own.deviations > 0
    low, high, df = (np.where(settled, values, np.nan) for values in (tested.low, tested.high, tested.df))
    return Tests(low, high, np.where(settled, tested.p, 1.0), df, np.where(settled, least, 1.0), settled.astype(np.intp))


def _least_of_items(onesided: Moments) -> Floats:
    return student(onesided.means, [onesided.items_part], 0.5).p


def _least_of_runs(own: Moments, between: tuple[Part, ...]) -> Floats:
    return np.full(own.counts.size, float(student(1.0, between, 0.5).p))
