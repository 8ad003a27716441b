"""Several turns of speech: who takes part, who asks and who answers, and a mood that changes or stays."""

from __future__ import annotations

import numpy as np

from gemma_audio.world.signal import Rng, Wave
from gemma_audio.world.speech import in_a_row
from gemma_audio.world.voice import EMOTIONS, PROSODY, SPEAKERS, Prosody, draw_voice, syllable

ASKING, ANSWERING = 0.7, -0.4
"""Relative glide of the last syllable: a question rises, an answer falls."""

MOODS = EMOTIONS[1:]
PACES = {"quick": 0.17, "steady": 0.21, "slow": 0.25}
"""Seconds of a vowel."""


def turns(rng: Rng, voices: list[str], says: list[str], pace: str, length: float, unseen: bool = False) -> Wave:
    """`length` seconds with one syllable a turn; who speaks twice keeps the same voice."""
    cast = {kind: draw_voice(rng, kind, unseen) for kind in dict.fromkeys(voices)}
    seconds = PACES[pace] * rng.uniform(0.93, 1.07)
    parts = [
        syllable(rng, cast[kind], text, seconds, PROSODY["neutral"]) * rng.uniform(0.85, 1.15)
        for kind, text in zip(voices, says, strict=True)
    ]
    return in_a_row(rng, parts, length, rng.uniform(0.05, 0.09, len(parts)))


def exchange(rng: Rng, voices: list[str], says: list[str], asks: str, length: float, unseen: bool = False) -> Wave:
    """`length` seconds in which two voices say two syllables each; the `first` or the `second` turn is the question."""
    seconds = rng.uniform(0.16, 0.21)
    parts = []
    for turn, kind in enumerate(voices):
        voice = draw_voice(rng, kind, unseen)
        asking = (turn == 0) == (asks == "first")
        ending = Prosody(1.0, ASKING if asking else ANSWERING, 0.8)
        parts.append(syllable(rng, voice, says[2 * turn], seconds, PROSODY["neutral"]))
        parts.append(syllable(rng, voice, says[2 * turn + 1], 1.5 * seconds, ending) * rng.uniform(0.9, 1.1))
    return in_a_row(rng, parts, length, np.array([0.02, rng.uniform(0.10, 0.16), 0.02, 0.0]))


def moods(rng: Rng, kind: str, felt: list[str], says: list[str], length: float, unseen: bool = False) -> Wave:
    """`length` seconds in which one voice says two words of two syllables, each in a mood of its own."""
    voice = draw_voice(rng, kind, unseen)
    seconds = rng.uniform(0.18, 0.24)
    parts = [
        syllable(rng, voice, text, seconds, PROSODY[felt[number // 2]]) * rng.uniform(0.9, 1.1)
        for number, text in enumerate(says)
    ]
    return in_a_row(rng, parts, length, np.array([0.02, rng.uniform(0.10, 0.16), 0.02, 0.0]))


def draw_voices(rng: Rng, count: int) -> list[str]:
    """Who speaks in four turns when `count` different speakers take part, in random order."""
    cast = [SPEAKERS[i] for i in rng.choice(len(SPEAKERS), count, replace=False)]
    every = cast + [cast[int(rng.integers(count))] for _ in range(4 - count)]
    return [every[i] for i in rng.permutation(4)]
