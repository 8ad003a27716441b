"""Difference of two arms on the same items, with runs nested in arms and crossed with items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gemma_audio.analysis.arm import Arm, Floats, Interval, Labels, Scope
from gemma_audio.analysis.blocks import Side, run_parts
from gemma_audio.analysis.variance import Part, Value, items_part, student

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
    treatment: Floats,
    baseline: Floats,
    scope: Scope = "recipe",
    *,
    alpha: float = 0.05,
    blocks: tuple[Labels | None, Labels | None] = (None, None),
    between: Sequence[Part] | None = None,
) -> Contrast:
    """Contrast of item means with Welch-Satterthwaite degrees of freedom.

    `treatment` and `baseline` are (runs, items) over the same items in the same order. Scope "these runs" takes the runs as given
    and draws only items; scope "recipe" adds the between-run variance of every side with more than one run (where `blocks` label
    runs that share a sealed stage, of the blocks: see `run_parts`), or the parts given as `between` (a bin borrows the pooled
    ones). A side with one run adds none, which is right only for an untrained arm.
    """
    sides = (Side(1.0, treatment, blocks[0]), Side(-1.0, baseline, blocks[1]))
    runs = [] if scope == "these runs" else run_parts(sides) if between is None else list(between)
    return estimated(treatment.mean(0) - baseline.mean(0), runs, scope, alpha)


def estimated(differences: Floats, runs: Sequence[Part], scope: Scope, alpha: float) -> Contrast:
    """The contrast whose value on each item is `differences` (items,), with the parts of its variance that come from runs."""
    items = items_part(differences)
    delta = float(differences.mean())
    tested = student(delta, [items, *runs], alpha)
    errors = float(items.variance) ** 0.5, spread(runs, scope)
    if tested.variance == 0:
        return Contrast(scope, delta, None, 1.0, None, *errors, NOTHING_VARIES)
    return Contrast(scope, delta, (float(tested.low), float(tested.high)), float(tested.p), float(tested.df), *errors)


def spread(runs: Sequence[Part], scope: Scope) -> float | None:
    """Standard error from the runs; None in the scope that leaves it out."""
    variances: list[Value] = [part.variance for part in runs]
    return None if scope == "these runs" else float(sum(variances)) ** 0.5


def scopes(*arms: Arm) -> tuple[tuple[Scope, ...], str]:
    """The scopes that these arms together carry, the deciding one first, and why "recipe" is absent where it is."""
    single = [arm for arm in arms if arm.trained and arm.units < 2]
    if single:
        return ("these runs",), f"no claim about recipes: {_unseen(single)} not show run noise"
    if not any(arm.trained for arm in arms):
        return ("these runs",), "neither arm is trained, so there is no run noise to allow for"
    return ("recipe", "these runs"), ""


def _unseen(single: list[Arm]) -> str:
    if all(arm.runs == 1 for arm in single):
        return f"one trained run of {' and of '.join(arm.name for arm in single)} does"
    return f"the runs of {' and of '.join(arm.name for arm in single)} that all continue one sealed stage do"
