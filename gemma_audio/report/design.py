"""What a sweep's own design adds to its pairs: effects of a factorial, splits of an A/A sweep."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import Any

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.factorial import Effect, factorial
from gemma_audio.analysis.splits import LEAST_RUNS, splits
from gemma_audio.errors import GemmaAudioError
from gemma_audio.report.collect import Sweep
from gemma_audio.report.scored import Scored


def effects(sweep: Sweep, alike: dict[str, Scored]) -> tuple[list[dict[str, Any]] | None, list[str]]:
    """Main effects and two-way interactions where the sweep declares factors, else None; and why there are none yet.

    `alike` are the arms that were asked the same questions; Holm is over all effects.
    """
    factors = sweep.spec.get("factors")
    if not factors:
        return None, []
    try:
        found = factorial(_blocked(list(alike.values())), factors, alpha=sweep.alpha)
    except GemmaAudioError as problem:
        return [], [" ".join(str(problem).split())]
    return [_entry(effect) for effect in found], []


def even_splits(sweep: Sweep, scored: dict[str, Scored]) -> dict[str, Any] | None:
    """Of a sweep of one arm with LEAST_RUNS runs or more: how often some of its runs would be called different from others."""
    only = next(iter(scored.values()), None)
    if len(sweep.arms) != 1 or only is None or only.arm.runs < LEAST_RUNS:
        return None
    return {"arm": only.arm.name, **asdict(splits(only.arm, alpha=sweep.alpha))}


def _blocked(arms: list[Scored]) -> list[Arm]:
    """The arms with their runs' blocks, where runs of several arms continue one sealed stage."""
    labels = Counter(label for scored in arms for label in scored.labels)
    shared = max(labels.values(), default=0) > 1
    return [replace(scored.arm, blocks=scored.labels) if shared else scored.arm for scored in arms]


def _entry(effect: Effect) -> dict[str, Any]:
    found = effect.contrast
    return {
        "kind": "main effect" if len(effect.factors) == 1 else "interaction",
        "factors": list(effect.factors),
        "levels": [list(levels) for levels in effect.levels],
        "scope": found.scope,
        "delta": found.delta,
        "interval": found.interval,
        "p": found.p,
        "p_holm": effect.p_holm,
        "df": found.df,
        "se_items": found.se_items,
        "se_runs": found.se_runs,
        "note": found.note,
    }
