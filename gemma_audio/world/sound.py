"""Sound events in a row, and background scenes with one event in front."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gemma_audio.world.signal import Rng, Wave, place, ramps, samples, shaped_noise, time_axis, unit_power
from gemma_audio.world.speech import EMOTIONS, SPEAKERS, SYLLABLES, Utterance, utter

EVENTS = ("beep", "click", "bell", "buzzer", "bird", "steam")
SCENES = ("rain", "wind", "engine", "crowd", "sea")


def event(rng: Rng, name: str) -> Wave:
    """One sound event, 0.05 to 0.4 seconds."""
    return _EVENTS[name](rng)


def in_a_row(rng: Rng, names: tuple[str, ...], length: float) -> Wave:
    """`length` seconds holding the events one after another."""
    canvas = np.zeros(samples(length))
    second = rng.uniform(0.02, 0.10)
    for name in names:
        place(canvas, unit_power(event(rng, name)) * rng.uniform(0.7, 1.3), second)
        second += rng.uniform(0.46, 0.54)
    return canvas


def background(rng: Rng, scene: str, foreground: str, length: float) -> Wave:
    """`length` seconds of `scene` with one event in front, which says nothing of the scene."""
    n = samples(length)
    canvas = unit_power(_SCENES[scene](rng, n))
    place(canvas, unit_power(event(rng, foreground)) * rng.uniform(0.5, 1.2), rng.uniform(0.2, length - 0.6))
    return canvas


def _beep(rng: Rng) -> Wave:
    n = samples(0.15)
    return np.sin(2 * np.pi * rng.uniform(800, 1800) * time_axis(n)) * ramps(n)


def _click(rng: Rng) -> Wave:
    n = samples(0.05)
    return shaped_noise(rng, n, 800, 6000) * np.exp(-time_axis(n) * 120)


def _bell(rng: Rng) -> Wave:
    t = time_axis(samples(0.4))
    pitch = rng.uniform(600, 1200)
    partials = ((1.0, 7.0, 1.0), (2.76, 10.0, 0.6), (5.4, 16.0, 0.4))
    return np.asarray(sum(np.sin(2 * np.pi * pitch * ratio * t) * np.exp(-t * decay) * gain for ratio, decay, gain in partials))


def _buzzer(rng: Rng) -> Wave:
    n = samples(0.25)
    return np.sign(np.sin(2 * np.pi * rng.uniform(90, 160) * time_axis(n))) * ramps(n)


def _bird(rng: Rng) -> Wave:
    n = samples(0.25)
    t = time_axis(n)
    pitch = rng.uniform(2500, 3800) + rng.uniform(400, 1000) * np.sin(2 * np.pi * rng.uniform(9, 18) * t)
    return np.sin(2 * np.pi * np.cumsum(pitch) / 16_000) * ramps(n, 0.02, 0.02)


def _steam(rng: Rng) -> Wave:
    n = samples(0.25)
    return shaped_noise(rng, n, 2500, 7000) * ramps(n, 0.03, 0.05)


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


_EVENTS: dict[str, Callable[[Rng], Wave]] = {
    "beep": _beep, "click": _click, "bell": _bell, "buzzer": _buzzer, "bird": _bird, "steam": _steam,
}  # fmt: skip
_SCENES: dict[str, Callable[[Rng, int], Wave]] = {
    "rain": _rain, "wind": _wind, "engine": _engine, "crowd": _crowd, "sea": _sea,
}  # fmt: skip
