"""One pair, bin by bin: who changed where, and which bins could have shown anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from gemma_audio.analysis.arm import Arm, Codes, Floats, Scope
from gemma_audio.analysis.contrast import scopes
from gemma_audio.analysis.mcnemar import least_midp
from gemma_audio.analysis.multiplicity import benjamini_hochberg, holm, tarone
from gemma_audio.analysis.pair import Comparison, compare
from gemma_audio.analysis.power import Discordance, discordance, mde
from gemma_audio.analysis.shrinkage import shrunken
from gemma_audio.analysis.variance import Part, items_part, pooled_run_parts, total

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


def compare_bins(treatment: Arm, baseline: Arm, codes: Codes, *, alpha: float = 0.05) -> list[Bin]:
    """Compare two arms in every bin; `codes` (items,) is each item's bin, 0..bins-1, none empty."""
    scope = scopes(treatment, baseline)[0][0]
    between = _between(treatment, baseline, codes, scope)
    masks = [codes == code for code in range(int(codes.max()) + 1)]
    arms = [(treatment.items(mask), baseline.items(mask)) for mask in masks]
    results = [_settled(compare(t, b, scope, alpha=alpha, between=between)) for t, b in arms]
    _, able = tarone([least_p(t, b, between) for t, b in arms], alpha)
    q, flagged = _adjusted([r.contrast.p for r in results], able.tolist(), alpha)
    pooled = discordance(treatment.scores, baseline.scores)
    strict = alpha / max(int(able.sum()), 1)
    variances = [total([Part(pooled.square / r.items, 1), *between]).variance or 1.0 for r in results]
    order = shrunken(np.array([r.contrast.delta for r in results]), np.array(variances))
    raw, flag = ([_mde(r, pooled, level, between) for r in results] for level in (alpha, strict))
    return [Bin(result, bool(able[i]), q[i], flagged[i], raw[i], flag[i], float(order[i])) for i, result in enumerate(results)]


def _mde(result: Comparison, pooled: Discordance, level: float, between: Sequence[Part]) -> float | None:
    return mde(result.items, pooled, level, between, counted=result.table is not None)


def least_p(treatment: Arm, baseline: Arm, between: Sequence[Part]) -> float:
    """The smallest p-value that a bin could have given, had every differing item changed to the same side."""
    sizes = np.abs(_differences(treatment, baseline))
    if treatment.runs == baseline.runs == 1 and treatment.binary and baseline.binary:
        return least_midp(int(sizes.sum()))
    variance, df = total([items_part(sizes), *between])
    return float(2 * stats.t.sf(sizes.mean() / variance**0.5, df)) if variance > 0 else 1.0


def _differences(treatment: Arm, baseline: Arm) -> Floats:
    result: Floats = treatment.scores.mean(0) - baseline.scores.mean(0)
    return result


def _settled(result: Comparison) -> Comparison:
    """Without one differing item the bin's own spread is 0 and an interval from run noise alone would be far too narrow."""
    if result.contrast.se_items > 0 or result.newcombe is not None:
        return result
    return replace(result, contrast=replace(result.contrast, interval=None, p=1.0, df=None, note=NOTHING_DIFFERS))


def _between(treatment: Arm, baseline: Arm, codes: Codes, scope: Scope) -> list[Part]:
    if scope == "these runs":
        return []
    return pooled_run_parts(treatment.scores, codes) + pooled_run_parts(baseline.scores, codes)


def _adjusted(p: list[float], able: list[bool], alpha: float) -> tuple[list[float | None], list[bool]]:
    """q-values and Holm flags among the testable bins, in the place of each bin."""
    tested = [i for i, ok in enumerate(able) if ok]
    q: list[float | None] = [None] * len(p)
    flagged = [False] * len(p)
    chosen = [p[i] for i in tested]
    for i, value, reject in zip(tested, benjamini_hochberg(chosen), holm(chosen, alpha)[1], strict=True):
        q[i], flagged[i] = float(value), bool(reject)
    return q, flagged
