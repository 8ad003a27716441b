"""Everything that is said of one treatment against one baseline in one scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gemma_audio.analysis.arm import Arm, Interval, Scope
from gemma_audio.analysis.contrast import Contrast, contrast, scopes
from gemma_audio.analysis.intervals import newcombe
from gemma_audio.analysis.mcnemar import PairedTable, exact_p, midp, paired_table
from gemma_audio.analysis.variance import Part

SINGLE_RUNS = "one run on each side: the interval is Newcombe's paired one and p is the mid-p of McNemar's test"


@dataclass(frozen=True)
class Comparison:
    """A contrast and, where each side is one run of 0/1 scores, its paired table, Newcombe interval and McNemar p-values."""

    contrast: Contrast
    items: int
    table: PairedTable | None
    newcombe: Interval | None
    p_midp: float | None
    p_exact: float | None


def compare(
    treatment: Arm, baseline: Arm, scope: Scope, *, alpha: float = 0.05, between: Sequence[Part] | None = None
) -> Comparison:
    """Compare two arms on the same items in one scope.

    In the scope "these runs" with one run on each side the interval is Newcombe's and p the mid-p: both hold their level where
    few items differ, which the t-interval does not.
    """
    result = contrast(treatment.scores, baseline.scores, scope, alpha=alpha, between=between)
    items, table = treatment.scores.shape[1], paired_table(treatment, baseline)
    if table is None:
        return Comparison(result, items, None, None, None, None)
    interval, p = newcombe(table, alpha), midp(table.b, table.c)
    if scope == "these runs":
        result = replace(result, interval=interval, p=p, df=None, note=SINGLE_RUNS)
    return Comparison(result, items, table, interval, p, exact_p(table.b, table.c))


def compare_scopes(treatment: Arm, baseline: Arm, *, alpha: float = 0.05) -> list[Comparison]:
    """One comparison per scope that the pair carries, the deciding one first, with the reason for an absent scope in its note."""
    carried, why = scopes(treatment, baseline)
    results = [compare(treatment, baseline, scope, alpha=alpha) for scope in carried]
    return [replace(r, contrast=replace(r.contrast, note="; ".join(filter(None, (why, r.contrast.note))))) for r in results]
