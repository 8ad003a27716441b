"""Runs of one recipe against other runs of the same recipe: how often a difference would be claimed where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.contrast import contrast

LEAST_RUNS = 6
MOST = 10_000
SIZE = 3

Split = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Splits:
    """The splits of `runs` runs into two sides of `size`: how many there are (`possible`) and were used (`splits`), and the share
    of them that each scope would have claimed as different at `alpha`; `largest` is the largest difference.

    The splits overlap: they are dependent draws from one set of runs, so the shares say what these runs would have led to, and
    no binomial interval may be put around them.
    """

    runs: int
    size: int
    possible: int
    splits: int
    alpha: float
    recipe: float
    these_runs: float
    largest: float


def splits(arm: Arm, size: int = SIZE, *, alpha: float = 0.05, seed: int = 0, most: int = MOST) -> Splits:
    """Compare every `size` runs of the arm with every other `size`: all splits, or `most` of them drawn by `seed`.

    ValueError where the arm has fewer than LEAST_RUNS runs or less than 2 `size`, or `size` is below 2.
    """
    if arm.runs < max(LEAST_RUNS, 2 * size) or size < 2:
        raise ValueError(f"arm {arm.name}: {arm.runs} runs; two sides of {size} need at least {max(LEAST_RUNS, 2 * size)}")
    possible = count(arm.runs, size)
    chosen = every(arm.runs, size) if possible <= most else drawn(arm.runs, size, most, seed)
    sides = [(arm.scores[list(one)], arm.scores[list(other)]) for one, other in chosen]
    recipe, these = (
        np.mean([contrast(a, b, scope, alpha=alpha).p <= alpha for a, b in sides]) for scope in ("recipe", "these runs")
    )
    largest = max(abs(float(a.mean() - b.mean())) for a, b in sides)
    return Splits(arm.runs, size, possible, len(chosen), alpha, float(recipe), float(these), largest)


def count(runs: int, size: int) -> int:
    """How many splits there are: two sides of `size`, without order."""
    return comb(runs, size) * comb(runs - size, size) // 2


def every(runs: int, size: int) -> list[Split]:
    """All splits, each once."""
    pairs = ((one, rest) for one in combinations(range(runs), size) for rest in combinations(set(range(runs)) - set(one), size))
    return [(one, other) for one, other in pairs if one < other]


def drawn(runs: int, size: int, number: int, seed: int) -> list[Split]:
    """`number` different splits, drawn at random."""
    rng, found = np.random.default_rng(seed), dict[Split, None]()
    while len(found) < number:
        order = rng.permutation(runs)[: 2 * size].tolist()
        one, other = sorted((tuple(sorted(order[:size])), tuple(sorted(order[size:]))))
        found[(one, other)] = None
    return list(islice(found, number))
