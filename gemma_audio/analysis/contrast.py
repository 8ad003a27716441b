"""Difference of two arms on the same items, with runs nested in arms and crossed with items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from gemma_audio.analysis.arm import Arm, Floats, Interval, Scope
from gemma_audio.analysis.variance import Part, items_part, run_parts, total

NOTHING_VARIES = "nothing varies, so there is no interval and p is set to 1"


@dataclass(frozen=True)
class Contrast:
    """Treatment minus baseline, as fractions.

    `interval` and `df` are None where nothing varies; `se_runs` is None in the scope "these runs", which leaves run noise out.
    """

    scope: Scope
    delta: float
    interval: Interval | None
    p: float
    df: float | None
    se_items: float
    se_runs: float | None
    note: str = ""


def contrast(
    treatment: Floats, baseline: Floats, scope: Scope = "recipe", *, alpha: float = 0.05, between: Sequence[Part] | None = None
) -> Contrast:
    """Contrast of item means with Welch-Satterthwaite degrees of freedom.

    `treatment` and `baseline` are (runs, items) over the same items in the same order. Scope "these runs" takes the runs as given
    and draws only items; scope "recipe" adds the between-run variance of every side with more than one run, or the parts given as
    `between` (a bin borrows the pooled ones). A side with one run adds none, which is right only for an untrained arm.
    """
    differences = treatment.mean(0) - baseline.mean(0)
    items = items_part(differences)
    own = run_parts(treatment) + run_parts(baseline)
    runs = [] if scope == "these runs" else list(own if between is None else between)
    variance, df = total([items, *runs])
    se_runs = None if scope == "these runs" else sum(part.variance for part in runs) ** 0.5
    delta = float(differences.mean())
    if variance == 0:
        return Contrast(scope, delta, None, 1.0, None, items.variance**0.5, se_runs, NOTHING_VARIES)
    half = float(stats.t.ppf(1 - alpha / 2, df)) * variance**0.5
    p = float(2 * stats.t.sf(abs(delta) / variance**0.5, df))
    interval = (max(delta - half, -1.0), min(delta + half, 1.0))
    return Contrast(scope, delta, interval, p, df, items.variance**0.5, se_runs)


def scopes(treatment: Arm, baseline: Arm) -> tuple[tuple[Scope, ...], str]:
    """The scopes that this pair carries, the deciding one first, and why "recipe" is absent where it is."""
    single = [arm.name for arm in (treatment, baseline) if arm.trained and arm.runs < 2]
    if single:
        return ("these runs",), f"no claim about recipes: one trained run of {' and of '.join(single)} does not show run noise"
    if not (treatment.trained or baseline.trained):
        return ("these runs",), "neither arm is trained, so there is no run noise to allow for"
    return ("recipe", "these runs"), ""
