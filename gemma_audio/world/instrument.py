"""Five instruments, note by note."""

from __future__ import annotations

import numpy as np

from gemma_audio.world.signal import Rng, Wave, ramps, samples, shaped_noise, time_axis, unit_peak

INSTRUMENTS = ("flute", "organ", "guitar", "clarinet", "violin")
HIGHEST = 7500.0


def hertz(midi: float) -> float:
    """Frequency of a MIDI pitch (69 is 440 Hz)."""
    return float(440 * 2 ** ((midi - 69) / 12))


def note(rng: Rng, instrument: str, pitch: float, seconds: float) -> Wave:
    """One note of `pitch` Hz, scaled to a peak of 1; its envelope stretches with it, so that loudness does not tell the tempo."""
    n = samples(seconds)
    t = time_axis(n)
    if instrument == "flute":
        phase = 2 * np.pi * pitch * t + 0.25 * np.sin(2 * np.pi * 5.5 * t) * pitch / 100
        breath = 0.12 * shaped_noise(rng, n, pitch * 0.8, 4000)
        return unit_peak((np.sin(phase) + 0.25 * np.sin(2 * phase) + breath) * ramps(n, 0.2 * seconds, 0.2 * seconds))
    if instrument == "organ":
        pipes = partials(pitch, t, (0.5, 1, 2, 4, 8), (0.5, 1, 0.7, 0.5, 0.25))
        return unit_peak(pipes * ramps(n, 0.1 * seconds, 0.1 * seconds))
    if instrument == "guitar":
        heard = [h for h in range(1, 7) if pitch * h < HIGHEST]
        pluck = sum(np.sin(2 * np.pi * pitch * h * t) * np.exp(-t / seconds * (1.5 + h)) / h**0.7 for h in heard)
        return unit_peak(np.asarray(pluck) * ramps(n, 0.01 * seconds, 0.1 * seconds))
    if instrument == "clarinet":
        return unit_peak(partials(pitch, t, (1, 3, 5, 7), (1, 1 / 3, 1 / 5, 1 / 7)) * ramps(n, 0.1 * seconds, 0.1 * seconds))
    vibrato = 0.012 * pitch * np.sin(2 * np.pi * 6 * t) / 6
    bowed = sum(np.sin(2 * np.pi * h * (pitch * t + vibrato)) / h**0.8 for h in range(1, 11) if pitch * h < HIGHEST)
    return unit_peak(np.asarray(bowed) * ramps(n, 0.3 * seconds, 0.2 * seconds))


def partials(pitch: float, t: Wave, ratios: tuple[float, ...], weights: tuple[float, ...]) -> Wave:
    """The sum of sines at `ratios` times `pitch` that stay below the highest frequency."""
    heard = [(r, w) for r, w in zip(ratios, weights, strict=True) if pitch * r < HIGHEST]
    return np.asarray(sum(w * np.sin(2 * np.pi * pitch * r * t) for r, w in heard))
