"""One speaker says one word: three syllables, one of them stressed, in one of four moods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gemma_audio.world.signal import RATE, Rng, Wave, place, samples
from gemma_audio.world.voice import PROSODY, Prosody, draw_voice, syllable

POSITIONS = ("first", "second", "third")
PRAISE = ("ma bu mi", "bi ma bu", "mu mi ba")
COMPLAINT = ("gu sa di", "da gu si", "su di ga")
"""Words that mean something, by convention of this world: praise is all of soft consonants, complaint of none."""
SOFT = ("b", "m")


@dataclass(frozen=True)
class Utterance:
    """What is said, by whom, and how; `stress` is the index of the stressed syllable."""

    word: tuple[str, ...]
    stress: int
    emotion: str
    speaker: str


def utter(rng: Rng, said: Utterance, length: float, unseen: bool = False) -> Wave:
    """`length` seconds holding `said`. The sounding time is drawn before the label and apart from it."""
    voice, prosody = draw_voice(rng, said.speaker, unseen), PROSODY[said.emotion]
    if voice.robot:  # a robot's pitch does not move: its moods are told by level and colour
        prosody = Prosody(prosody.lift, 0.0, prosody.tilt)
    total = rng.uniform(0.62, 0.90)
    weights = rng.uniform(0.92, 1.08, len(said.word))
    weights[said.stress] *= rng.uniform(1.45, 1.75)
    durations = total * weights / weights.sum()
    parts = []
    for i, text in enumerate(said.word):
        loudness, pitch = rng.uniform(0.85, 1.1), 1 - 0.04 * i
        if i == said.stress:
            loudness *= rng.uniform(1.5, 2.1)
            pitch *= 1.0 if voice.robot else rng.uniform(1.18, 1.32)
        parts.append(syllable(rng, voice, text, durations[i], prosody, pitch) * loudness)
    return in_a_row(rng, parts, length, rng.uniform(0.015, 0.04, len(parts)))


def in_a_row(rng: Rng, parts: list[Wave], length: float, pauses: Wave) -> Wave:
    """The parts one after another, each followed by its pause (seconds), from a random onset that leaves room for all."""
    sounding = sum(map(len, parts)) / RATE + float(np.sum(pauses[:-1]))
    canvas = np.zeros(samples(length))
    second = rng.uniform(0.03, max(0.04, length - sounding - 0.03))
    for part, pause in zip(parts, pauses, strict=True):
        place(canvas, part, second)
        second += len(part) / RATE + pause
    return canvas
