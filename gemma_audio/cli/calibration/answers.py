"""Simulated answers at MMAU's bin sizes: items of differing difficulty, training runs that shift accuracy overall and by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gemma_audio.analysis.arm import Arm, Codes, Floats, Labels
from gemma_audio.evaluation.benchmarks.mmau import revisions

Generator = np.random.Generator
STEADY, FLICKERING = (0.5, 0.4), (2.0, 1.6)
"""Beta distributions of an item's chance to be answered right, both of mean 0.556; two runs that differ in nothing but chance
disagree on 23 % of the steady and on 39 % of the flickering items."""


def mmau_bins() -> Codes:
    """The bin of each item of MMAU test-mini's newest revision, (1000,)."""
    sizes = next(iter(revisions().values()))["sub_categories"]
    return np.repeat(np.arange(len(sizes)), list(sizes.values()))


@dataclass(frozen=True)
class Noise:
    """Standard deviations, as fractions of accuracy, of a run's shift overall and of its further shift in each bin.

    `shared` of the overall variance belongs to a stage that run i of one arm shares with run i of the other.
    """

    run: float = 0.0
    bin: float = 0.0
    shared: float = 0.0


@dataclass(frozen=True)
class World:
    """Two arms of one recipe: `runs` per side (treatment, baseline); a baseline of one run is an untrained constant."""

    noise: Noise
    runs: tuple[int, int] = (3, 3)
    shape: tuple[float, float] = STEADY


def arms(rng: Generator, world: World, codes: Codes) -> tuple[Arm, Arm]:
    """One draw: new items, new training runs, new answers, and no true difference."""
    ease = rng.beta(*world.shape, codes.size)
    mean, noise = world.shape[0] / sum(world.shape), world.noise
    common = rng.normal(0, noise.run * noise.shared**0.5, max(world.runs))
    sides = [_shifts(rng, noise, runs, common, codes) if runs > 1 else np.zeros((1, 1)) for runs in world.runs]
    labels: list[Labels | None] = [tuple(map(str, range(runs))) if noise.shared else None for runs in world.runs]
    scores = [
        (rng.random((runs, codes.size)) < shifted(ease, mean, shift)) for runs, shift in zip(world.runs, sides, strict=True)
    ]
    named = zip(("treatment", "baseline"), scores, world.runs, labels, strict=True)
    first, second = (Arm(name, x.astype(np.float64), runs > 1, blocks) for name, x, runs, blocks in named)
    return first, second


def _shifts(rng: Generator, noise: Noise, runs: int, common: Floats, codes: Codes) -> Floats:
    own = common[:runs] + rng.normal(0, noise.run * (1 - noise.shared) ** 0.5, runs)
    if not noise.bin:
        return own[:, None]
    result: Floats = own[:, None] + rng.normal(0, noise.bin, (runs, int(codes.max()) + 1))[:, codes]
    return result


def shifted(ease: Floats, mean: float, shift: Floats) -> Floats:
    """Chances moved so that the mean moves by exactly `shift`: gains go to what was wrong, losses to what was right."""
    gain, loss = np.maximum(shift, 0) / (1 - mean), np.maximum(-shift, 0) / mean
    result: Floats = ease + gain * (1 - ease) - loss * ease
    return result
