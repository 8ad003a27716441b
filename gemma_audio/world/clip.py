"""One clip: a pure function of (seed, task, split, index)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemma_audio.world.families import FAMILIES, draw, render
from gemma_audio.world.families.family import Attributes
from gemma_audio.world.signal import generator, to_pcm16, with_nuisances
from gemma_audio.world.tasks import BY_NAME

LENGTH = (1.6, 2.0)
"""Bounds of a clip's length in seconds, drawn apart from everything else."""

DIFFICULTIES = ("easy", "medium", "hard")
"""How much noise lies over a clip; each kind of clip has its own three ranges."""

VOICE, COMBINATION = "test_voice", "test_combo"
"""Splits of voices and timbres, and of combinations of attributes, that no other split holds."""


@dataclass(frozen=True)
class Clip:
    """Samples (16 kHz, PCM16) and what they hold."""

    id: str
    pcm: NDArray[np.int16]
    family: str
    attributes: Attributes
    difficulty: str


def make(seed: int, task: str, split: str, index: int) -> Clip:
    """The clip of `task` (a task's or a family's name) number `index` of `split`."""
    rng = generator(seed, task, split, index=index)
    family = BY_NAME[task].family if task in BY_NAME else task
    attributes = draw(rng, family, unseen=split == COMBINATION)
    wave = render(rng, family, attributes, float(rng.uniform(*LENGTH)), unseen=split == VOICE)
    level = int(rng.integers(len(DIFFICULTIES)))
    pcm = to_pcm16(with_nuisances(rng, wave, FAMILIES[family].noise[level]))
    return Clip(f"{split}-{task}-{index:05d}", pcm, family, attributes, DIFFICULTIES[level])
