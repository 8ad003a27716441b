"""One clip: a pure function of (seed, task, split, index)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemma_audio.world.music import CONTOURS, INSTRUMENTS, TEMPI, Melody, play
from gemma_audio.world.signal import Rng, Wave, generator, to_pcm16, with_nuisances
from gemma_audio.world.sound import EVENTS, SCENES, background, in_a_row
from gemma_audio.world.speech import EMOTIONS, POSITIONS, SPEAKERS, SYLLABLES, Utterance, utter
from gemma_audio.world.tasks import BY_NAME, Attributes

LENGTH = (1.6, 2.0)
"""Bounds of a clip's length in seconds, drawn apart from everything else."""


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
    attributes = draw(rng, family)
    wave = render(rng, family, attributes, float(rng.uniform(*LENGTH)))
    difficulty, noise = _NOISE[int(rng.integers(3))]
    return Clip(f"{split}-{task}-{index:05d}", to_pcm16(with_nuisances(rng, wave, noise)), family, attributes, difficulty)


_NOISE = (("easy", (25.0, 35.0)), ("medium", (15.0, 25.0)), ("hard", (6.0, 15.0)))
"""Difficulty is the signal-to-noise ratio in dB."""


def draw(rng: Rng, family: str) -> Attributes:
    """What a clip of `family` holds, each attribute drawn uniformly and apart from the others."""
    if family == "speech":
        word = " ".join(_pick(rng, SYLLABLES) for _ in range(3))
        return {
            "word": word, "stress": _pick(rng, POSITIONS), "emotion": _pick(rng, EMOTIONS), "source": _pick(rng, SPEAKERS),
        }  # fmt: skip
    if family == "melody":
        return {"instrument": _pick(rng, INSTRUMENTS), "contour": _pick(rng, CONTOURS), "tempo": _pick(rng, TEMPI)}
    if family == "events":
        return {"events": " ".join(EVENTS[i] for i in rng.choice(len(EVENTS), 3, replace=False))}
    return {"scene": _pick(rng, SCENES), "foreground": _pick(rng, EVENTS)}


def render(rng: Rng, family: str, attributes: Attributes, length: float) -> Wave:
    """`length` seconds of sound that hold `attributes`, before room, noise and level."""
    if family == "speech":
        word, stress = tuple(attributes["word"].split()), POSITIONS.index(attributes["stress"])
        return utter(rng, Utterance(word, stress, attributes["emotion"], attributes["source"]), length)
    if family == "melody":
        return play(rng, Melody(attributes["instrument"], attributes["contour"], attributes["tempo"]), length)
    if family == "events":
        return in_a_row(rng, tuple(attributes["events"].split()), length)
    return background(rng, attributes["scene"], attributes["foreground"], length)


def _pick(rng: Rng, pool: tuple[str, ...]) -> str:
    return pool[int(rng.integers(len(pool)))]
