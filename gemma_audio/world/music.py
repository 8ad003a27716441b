"""Melodies: five timbres, four contours, four tempi, over random keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gemma_audio.world.signal import Rng, Wave, place, ramps, samples, shaped_noise, time_axis, unit_peak

INSTRUMENTS = ("flute", "organ", "guitar", "clarinet", "violin")
CONTOURS = ("rising", "falling", "arch", "valley")
TEMPI = ("slow", "moderate", "fast", "rapid")
BEAT = {"slow": 0.38, "moderate": 0.27, "fast": 0.19, "rapid": 0.13}
"""Seconds from note to note; 158, 222, 316 and 462 notes a minute."""
SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19])
HIGHEST = 7500.0


@dataclass(frozen=True)
class Melody:
    """What is played: by which instrument, in which shape, how fast."""

    instrument: str
    contour: str
    tempo: str


def play(rng: Rng, melody: Melody, length: float) -> Wave:
    """`length` seconds holding `melody`; the sounding share of a beat is the same at every tempo."""
    beat = BEAT[melody.tempo] * rng.uniform(0.93, 1.07)
    span = rng.uniform(0.78, 0.95) * length
    count = int(np.clip(span / beat, 4, 11))
    duty = rng.uniform(0.7, 0.95)
    second = rng.uniform(0.02, 0.08)
    canvas = np.zeros(samples(length))
    for pitch in _pitches(rng, melody.contour, count):
        place(canvas, note(rng, melody.instrument, 440 * 2 ** ((pitch - 69) / 12), beat * duty), second)
        second += beat
    return canvas


def _pitches(rng: Rng, contour: str, count: int) -> list[float]:
    """MIDI pitches of `count` notes that follow `contour` on a major scale."""
    start = int(rng.integers(0, 3))
    steps = np.sort(rng.choice(9, min(count, 9), replace=False))
    steps = np.sort(np.concatenate([steps, rng.choice(9, count - len(steps))]))
    if contour == "falling":
        steps = steps[::-1]
    elif contour in ("arch", "valley"):
        steps = np.concatenate([steps[::2], steps[1::2][::-1]])
        steps = 8 - steps if contour == "valley" else steps
    return [float(rng_base + SCALE[start + s]) for rng_base in [int(rng.integers(60, 72))] for s in steps]


def note(rng: Rng, instrument: str, pitch: float, seconds: float) -> Wave:
    """One note of `pitch` Hz, scaled to a peak of 1; its envelope stretches with it, so that loudness does not tell the tempo."""
    n = samples(seconds)
    t = time_axis(n)
    if instrument == "flute":
        phase = 2 * np.pi * pitch * t + 0.25 * np.sin(2 * np.pi * 5.5 * t) * pitch / 100
        breath = 0.12 * shaped_noise(rng, n, pitch * 0.8, 4000)
        return unit_peak((np.sin(phase) + 0.25 * np.sin(2 * phase) + breath) * ramps(n, 0.2 * seconds, 0.2 * seconds))
    if instrument == "organ":
        return unit_peak(
            _partials(pitch, t, (0.5, 1, 2, 4, 8), (0.5, 1, 0.7, 0.5, 0.25)) * ramps(n, 0.1 * seconds, 0.1 * seconds)
        )
    if instrument == "guitar":
        heard = [h for h in range(1, 7) if pitch * h < HIGHEST]
        pluck = sum(np.sin(2 * np.pi * pitch * h * t) * np.exp(-t / seconds * (1.5 + h)) / h**0.7 for h in heard)
        return unit_peak(np.asarray(pluck) * ramps(n, 0.01 * seconds, 0.1 * seconds))
    if instrument == "clarinet":
        return unit_peak(_partials(pitch, t, (1, 3, 5, 7), (1, 1 / 3, 1 / 5, 1 / 7)) * ramps(n, 0.1 * seconds, 0.1 * seconds))
    vibrato = 0.012 * pitch * np.sin(2 * np.pi * 6 * t) / 6
    bowed = sum(np.sin(2 * np.pi * h * (pitch * t + vibrato)) / h**0.8 for h in range(1, 11) if pitch * h < HIGHEST)
    return unit_peak(np.asarray(bowed) * ramps(n, 0.3 * seconds, 0.2 * seconds))


def _partials(pitch: float, t: Wave, ratios: tuple[float, ...], weights: tuple[float, ...]) -> Wave:
    heard = [(r, w) for r, w in zip(ratios, weights, strict=True) if pitch * r < HIGHEST]
    return np.asarray(sum(w * np.sin(2 * np.pi * pitch * r * t) for r, w in heard))
