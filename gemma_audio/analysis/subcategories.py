"""One pair, bin by bin: who changed where, and which bins could have shown anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemma_audio.analysis.arm import Arm, Codes, Floats
from gemma_audio.analysis.bins import Bins, measured_bins
from gemma_audio.analysis.contrast import Contrast, scopes, spread
from gemma_audio.analysis.mcnemar import PairedTable, exact_p
from gemma_audio.analysis.multiplicity import benjamini_hochberg, holm, tarone
from gemma_audio.analysis.pair import SINGLE_MEANS, SINGLE_RUNS, Comparison
from gemma_audio.analysis.power import discordance, mde
from gemma_audio.analysis.shrinkage import shrunken
from gemma_audio.analysis.variance import Part, total

NOTHING_DIFFERS = "every item differs by the same amount, so its spread is unknown: no interval, and p is set to 1"


@dataclass(frozen=True)
class Bin:
    """One bin of a pair in its deciding scope.

    `testable` is Tarone's screen; `q` (Benjamini-Hochberg) and `holm` are taken among testable bins only. `mde_raw` and
    `mde_flag` are the changes found with 80 % power at alpha and at alpha / (bins tested); None where no change
    is. `shrunken` is for sorting.
    """

    comparison: Comparison
    testable: bool
    q: float | None
    holm: bool
    mde_raw: float | None
    mde_flag: float | None
    shrunken: float


@dataclass(frozen=True)
class Screened:
    """Which bins could be flagged at all, and the q-values (NaN elsewhere) and Holm flags among them; (bins,) each."""

    testable: NDArray[np.bool_]
    q: Floats
    holm: NDArray[np.bool_]


def compare_bins(treatment: Arm, baseline: Arm, codes: Codes, *, alpha: float = 0.05) -> list[Bin]:
    """Compare two arms in every bin; `codes` (items,) is each item's bin, 0..bins-1, none empty."""
    scope = scopes(treatment, baseline)[0][0]
    bins = measured_bins(treatment, baseline, codes, scope, alpha)
    flags = screened(bins, alpha)
    pooled, counts = discordance(treatment.scores, baseline.scores), bins.moments.counts.tolist()
    strict = alpha / max(int(flags.testable.sum()), 1)
    raw, flag = (
        [mde(n, pooled, level, bins.between, counted=bins.cells is not None) for n in counts] for level in (alpha, strict)
    )
    assumed = np.asarray(total([Part(pooled.square / bins.moments.counts, 1), *bins.between]).variance)
    order = shrunken(bins.moments.means, np.where(assumed > 0, assumed, 1.0)).tolist()
    q = [float(value) if able else None for value, able in zip(flags.q, flags.testable, strict=True)]
    columns = zip(comparisons(bins), flags.testable.tolist(), q, flags.holm.tolist(), raw, flag, order, strict=True)
    return [Bin(*row) for row in columns]


def screened(bins: Bins, alpha: float = 0.05) -> Screened:
    """Tarone's screen over the bins, then Benjamini-Hochberg and Holm among those that it leaves."""
    able = tarone(bins.tests.least_p, alpha)[1]
    q, flagged = np.full(able.size, np.nan), np.zeros(able.size, dtype=np.bool_)
    q[able], flagged[able] = benjamini_hochberg(bins.tests.p[able]), holm(bins.tests.p[able], alpha)[1]
    return Screened(able, q, flagged)


def comparisons(bins: Bins) -> list[Comparison]:
    """Each bin as it would be told of one pair of arms."""
    tables = [PairedTable(*cells) for cells in bins.cells.T.tolist()] if bins.cells is not None else [None] * len(bins.tests.p)
    return [_comparison(bins, place, table) for place, table in enumerate(tables)]


def _comparison(bins: Bins, place: int, table: PairedTable | None) -> Comparison:
    tests, count = bins.tests, int(bins.moments.counts[place])
    low, high, p, df = (float(column[place]) for column in tests[:4])
    interval = (low, high) if np.isfinite(low) else None
    errors = float(np.asarray(bins.moments.items_part.variance)[place]) ** 0.5, spread(bins.between, bins.scope)
    delta, degrees = float(bins.moments.means[place]), df if np.isfinite(df) else None
    found = Contrast(bins.scope, delta, interval, p, degrees, *errors, _note(bins, place, table))
    if table is None:
        return Comparison(found, count, None, None, None, None)
    return Comparison(found, count, table, interval, p, exact_p(table.b, table.c))


def _note(bins: Bins, place: int, table: PairedTable | None) -> str:
    if table is not None:
        return SINGLE_RUNS
    if not bins.tests.settled[place]:
        return NOTHING_DIFFERS
    return SINGLE_MEANS if np.isnan(bins.tests.df[place]) else ""
