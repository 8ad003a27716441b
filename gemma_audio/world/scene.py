"""Backgrounds: scenes with one event in front, scenes behind a voice, and habitats that tell of place and season."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gemma_audio.world.signal import Rng, Wave, place, ramps, samples, shaped_noise, stretched, time_axis, unit_power
from gemma_audio.world.sound import event
from gemma_audio.world.speech import Utterance, utter
from gemma_audio.world.voice import EMOTIONS, SPEAKERS, SYLLABLES

SCENES = ("rain", "wind", "engine", "crowd", "sea")
BEDS = ("rain", "wind", "sea")
"""Scenes that may lie softly under something else."""

HABITATS = {
    "crickets": "a warm night",
    "frogs": "a pond nearby",
    "thunder": "a storm coming",
    "songbirds": "a spring morning",
    "bees": "flowers in bloom",
}
"""What a soundscape tells of place, season or weather."""


MOMENTS = ("early", "midway", "late")
"""In which third of a scene its event comes."""


def background(rng: Rng, scene: str, foreground: str, moment: str, length: float, unseen: bool = False) -> Wave:
    """`length` seconds of `scene` with one event in front, which says nothing of the scene."""
    canvas = bed(rng, scene, length, unseen)
    second = (MOMENTS.index(moment) + rng.uniform(0.1, 0.9)) * (length - 0.5) / 3
    place(canvas, unit_power(event(rng, foreground)) * rng.uniform(0.5, 1.2), second)
    return canvas


def ambience(rng: Rng, scene: str, said: Utterance, length: float, unseen: bool = False) -> Wave:
    """`length` seconds of speech with `scene` 3 to 12 dB below it."""
    front = unit_power(utter(rng, said, length, unseen))
    return front + bed(rng, scene, length) * 10 ** (-rng.uniform(3, 12) / 20)


def habitat(rng: Rng, name: str, scene: str, foreground: str, length: float, unseen: bool = False) -> Wave:
    """`length` seconds of the animals or weather of a habitat over a soft `scene`, and one event that means nothing."""
    n = samples(length)
    wave = _HABITATS[name](rng, n)
    front = unit_power(stretched(np.tile(wave, 2), rng)[:n] if unseen else wave)
    place(front, unit_power(event(rng, foreground)) * rng.uniform(0.3, 0.7), rng.uniform(0.1, length - 0.5))
    return front + bed(rng, scene, length) * 10 ** (-rng.uniform(8, 16) / 20)


def bed(rng: Rng, scene: str, length: float, unseen: bool = False) -> Wave:
    """`length` seconds of `scene` alone, at unit power."""
    n = samples(length)
    wave = _SCENES[scene](rng, n)
    return unit_power(stretched(np.tile(wave, 2), rng)[:n] if unseen else wave)


def _rain(rng: Rng, n: int) -> Wave:
    wave = 0.25 * shaped_noise(rng, n, 1500, 7500)
    drop = np.exp(-np.arange(200) / 30)
    for start in rng.integers(0, n - 400, 60):
        wave[start : start + 200] += 0.5 * rng.standard_normal(200) * drop
    return wave


def _wind(rng: Rng, n: int) -> Wave:
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.4, 1.2) * time_axis(n) + rng.uniform(0, 6))
    return shaped_noise(rng, n, 80, 700, 0.8) * swell


def _engine(rng: Rng, n: int) -> Wave:
    t = time_axis(n)
    hum = np.sign(np.sin(2 * np.pi * rng.uniform(45, 80) * t + 0.5 * np.sin(4 * np.pi * t)))
    return 0.3 * hum + 0.3 * shaped_noise(rng, n, 60, 900, 0.5)


def _crowd(rng: Rng, n: int) -> Wave:
    wave = np.zeros(n)
    for _ in range(4):
        word = tuple(SYLLABLES[i] for i in rng.integers(0, len(SYLLABLES), 3))
        said = Utterance(word, int(rng.integers(3)), EMOTIONS[rng.integers(4)], SPEAKERS[rng.integers(3)])
        wave += np.roll(utter(rng, said, n / 16_000), rng.integers(n))
    return wave


def _sea(rng: Rng, n: int) -> Wave:
    t = time_axis(n)
    swell = 0.15 + (0.5 + 0.5 * np.sin(2 * np.pi * (t / rng.uniform(0.8, 1.4) + rng.random()))) ** 3
    return shaped_noise(rng, n, 150, 5000, 0.6) * swell


def _crickets(rng: Rng, n: int) -> Wave:
    t = time_axis(n)
    chirp, phrase = rng.uniform(22, 30), np.sin(2 * np.pi * rng.uniform(1.8, 2.8) * t + rng.uniform(0, 6))
    pulses = (np.sin(2 * np.pi * chirp * t) > 0) * (phrase > -0.3)
    return np.asarray(np.sin(2 * np.pi * rng.uniform(4000, 5200) * t) * np.convolve(pulses, np.ones(40) / 40, "same"))


def _frogs(rng: Rng, n: int) -> Wave:
    wave = np.zeros(n)
    for start in np.arange(rng.uniform(0, 0.15), n / 16_000, rng.uniform(0.28, 0.4)):
        m = samples(0.2)
        t = time_axis(m)
        croak = np.sin(2 * np.pi * rng.uniform(600, 900) * t) * (np.sin(2 * np.pi * rng.uniform(24, 34) * t) > 0)
        place(wave, croak * ramps(m, 0.02, 0.05), float(start))
    return wave


def _thunder(rng: Rng, n: int) -> Wave:
    rolls = np.interp(np.arange(n), np.linspace(0, n, 9), rng.uniform(0.1, 1.0, 9)) ** 2
    return shaped_noise(rng, n, 30, 220, 0.6) * rolls


def _songbirds(rng: Rng, n: int) -> Wave:
    wave = np.zeros(n)
    for start in np.sort(rng.uniform(0, n / 16_000 - 0.2, 7)):
        m = samples(rng.uniform(0.08, 0.18))
        sweep = np.linspace(rng.uniform(2400, 3600), rng.uniform(2400, 4600), m)
        place(wave, np.sin(2 * np.pi * np.cumsum(sweep) / 16_000) * ramps(m, 0.02, 0.03), float(start))
    return wave


def _bees(rng: Rng, n: int) -> Wave:
    t = time_axis(n)
    pitch = rng.uniform(180, 260) * (1 + 0.06 * np.sin(2 * np.pi * rng.uniform(0.8, 2.0) * t + rng.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(pitch) / 16_000
    return np.asarray(sum(np.sin(h * phase) / h for h in range(1, 9)))


_SCENES: dict[str, Callable[[Rng, int], Wave]] = {
    "rain": _rain, "wind": _wind, "engine": _engine, "crowd": _crowd, "sea": _sea,
}  # fmt: skip
_HABITATS: dict[str, Callable[[Rng, int], Wave]] = {
    "crickets": _crickets, "frogs": _frogs, "thunder": _thunder, "songbirds": _songbirds, "bees": _bees,
}  # fmt: skip
