"""A design of k factors with two levels each: main effects and two-way interactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from gemma_audio.analysis.arm import Arm, Floats, Scope
from gemma_audio.analysis.blocks import Side, run_parts
from gemma_audio.analysis.contrast import Contrast, estimated, scopes
from gemma_audio.analysis.multiplicity import holm
from gemma_audio.errors import GemmaAudioError

Levels = Mapping[str, Sequence[str]]
Factors = Mapping[str, Levels]


@dataclass(frozen=True)
class Effect:
    """One main effect (one factor) or two-way interaction (two), in one scope.

    A main effect is the mean of the arms at the factor's second level minus the mean of those at its first: `levels` names
    (first, second) of each factor. An interaction is half of what the one's effect is at the other's second level minus what it
    is at the first, so that every effect has the same standard error in a balanced design. `p_holm` is over all effects.
    """

    factors: tuple[str, ...]
    levels: tuple[tuple[str, str], ...]
    contrast: Contrast
    p_holm: float


def factorial(arms: Sequence[Arm], factors: Factors, *, alpha: float = 0.05) -> list[Effect]:
    """All main effects, then all two-way interactions, as contrasts of arm means.

    `factors` is {factor: {first level: [arms], second level: [arms]}}; `arms`, all on the same items in the same order, may hold
    others beside. Items are crossed with arms, runs nested in them, and blocks shared between arms count as such. The scope is
    "recipe" where every trained arm shows its run noise. GemmaAudioError where the design is not complete: each combination of
    levels must be exactly one arm with scores.
    """
    signs = design(factors, [arm.name for arm in arms])
    cells = [arm for arm in arms if arm.name in signs]
    (scope, *_), why = scopes(*cells)
    effects = [*combinations(range(len(factors)), 1), *combinations(range(len(factors)), 2)]
    found = [_contrast(cells, [_weight(signs[arm.name], effect) for arm in cells], scope, alpha) for effect in effects]
    adjusted = holm([contrast.p for contrast in found], alpha)[0].tolist()
    names = list(factors)
    return [
        Effect(
            tuple(names[i] for i in effect),
            tuple(_levels(factors[names[i]]) for i in effect),
            replace(contrast, note="; ".join(filter(None, (why, contrast.note)))),
            p,
        )
        for effect, contrast, p in zip(effects, found, adjusted, strict=True)
    ]


def design(factors: Factors, known: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Each arm's level of every factor as -1 (first) or 1 (second). GemmaAudioError where the design is not complete."""
    problems = [f"{name}: {len(levels)} levels, expected two" for name, levels in factors.items() if len(levels) != 2]
    if not factors or problems:
        raise _refused(problems or ["no factor is named"])
    named = list(dict.fromkeys(arm for levels in factors.values() for arms in levels.values() for arm in arms))
    problems += [f"arm {arm} has no scores" for arm in named if arm not in known]
    problems += [f"arm {arm} is at {_told(found, name)}" for name, arm, found in _misplaced(factors, named)]
    if problems:
        raise _refused(problems)
    signs = {arm: tuple(1 if arm in list(levels.values())[1] else -1 for levels in factors.values()) for arm in named}
    for cell in product((-1, 1), repeat=len(factors)):
        held = [arm for arm, at in signs.items() if at == cell]
        if len(held) != 1:
            problems.append(f"{_cell(factors, cell)}: {' and '.join(held) or 'no arm'}, expected one arm")
    if problems:
        raise _refused(problems)
    return signs


def _contrast(cells: Sequence[Arm], weights: Sequence[float], scope: Scope, alpha: float) -> Contrast:
    differences: Floats = np.sum([weight * arm.scores.mean(0) for weight, arm in zip(weights, cells, strict=True)], axis=0)
    sides = [Side(weight, arm.scores, arm.blocks) for weight, arm in zip(weights, cells, strict=True)]
    return estimated(differences, run_parts(sides) if scope == "recipe" else [], scope, alpha)


def _weight(signs: tuple[int, ...], effect: tuple[int, ...]) -> float:
    return float(np.prod([signs[i] for i in effect])) / 2 ** (len(signs) - 1)


def _misplaced(factors: Factors, named: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    """(factor, arm, the levels that hold it) wherever that is not exactly one."""
    places = [
        (name, arm, [level for level, arms in levels.items() for one in arms if one == arm])
        for name, levels in factors.items()
        for arm in named
    ]
    return [place for place in places if len(place[2]) != 1]


def _told(found: list[str], factor: str) -> str:
    return f"no level of {factor}" if not found else f"{len(found)} places of {factor} ({', '.join(found)})"


def _cell(factors: Factors, cell: tuple[int, ...]) -> str:
    levels = [_levels(levels)[sign > 0] for levels, sign in zip(factors.values(), cell, strict=True)]
    return ", ".join(f"{name} {level}" for name, level in zip(factors, levels, strict=True))


def _levels(levels: Levels) -> tuple[str, str]:
    first, second = levels
    return first, second


def _refused(problems: Sequence[str]) -> GemmaAudioError:
    lines = "\n".join(f"  {problem}" for problem in problems)
    return GemmaAudioError(
        f"the factors do not form a complete design, so no effects are given:\n{lines}\n"
        "    Give each factor two levels, and every combination of levels exactly one arm; see `factors` of the sweep."
    )
