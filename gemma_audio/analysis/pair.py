"""Everything that is said of one treatment against one baseline in one scope."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gemma_audio.analysis.arm import Arm, Interval, Scope
from gemma_audio.analysis.contrast import Contrast, contrast, scopes
from gemma_audio.analysis.intervals import bonett_price, newcombe
from gemma_audio.analysis.mcnemar import PairedTable, exact_p, midp, paired_table

SINGLE_RUNS = "one run on each side: the interval is Newcombe's paired one and p is the mid-p of McNemar's test"
SINGLE_MEANS = "one run on each side, scored as means within items: interval and p are Bonett and Price's"


@dataclass(frozen=True)
class Comparison:
    """A contrast and, where each side is one run of 0/1 scores, its paired table, Newcombe interval and McNemar p-values."""

    contrast: Contrast
    items: int
    table: PairedTable | None
    newcombe: Interval | None
    p_midp: float | None
    p_exact: float | None


def compare(treatment: Arm, baseline: Arm, scope: Scope, *, alpha: float = 0.05) -> Comparison:
    """Compare two arms on the same items in one scope; runs that share a sealed stage are labelled by `blocks` of the arms.

    In the scope "these runs" with one run on each side the interval is Newcombe's and p the mid-p, or both Bonett and Price's
    where scores are means over option orders: they hold their level where few items differ, which the t-interval does not.
    """
    result = contrast(treatment.scores, baseline.scores, scope, alpha=alpha, blocks=(treatment.blocks, baseline.blocks))
    items, table = treatment.scores.shape[1], paired_table(treatment, baseline)
    if table is not None:
        interval, p = newcombe(table, alpha), midp(table.b, table.c)
        if scope == "these runs":
            result = replace(result, interval=interval, p=p, df=None, note=SINGLE_RUNS)
        return Comparison(result, items, table, interval, p, exact_p(table.b, table.c))
    if scope == "these runs" and treatment.runs == baseline.runs == 1:
        interval, p = bonett_price(treatment.scores[0] - baseline.scores[0], alpha)
        result = replace(result, interval=interval, p=p, df=None, note=SINGLE_MEANS)
    return Comparison(result, items, None, None, None, None)


def compare_scopes(treatment: Arm, baseline: Arm, *, alpha: float = 0.05) -> list[Comparison]:
    """One comparison per scope that the pair carries, the deciding one first, with the reason for an absent scope in its note."""
    carried, why = scopes(treatment, baseline)
    results = [compare(treatment, baseline, scope, alpha=alpha) for scope in carried]
    return [replace(r, contrast=replace(r.contrast, note="; ".join(filter(None, (why, r.contrast.note))))) for r in results]
