"""Building blocks of the synthesis: seeded generators, envelopes, shaped noise, and the nuisances shared by every clip."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from scipy import fft

RATE = 16_000
"""Sampling rate of every clip, in Hz."""

Wave = NDArray[np.float64]
Rng = np.random.Generator


def generator(seed: int, *names: str, index: int = 0) -> Rng:
    """A generator that depends on its arguments alone, so clips can be made in any order and by any process."""
    words = [zlib.crc32(name.encode()) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words, index]))


def samples(seconds: float) -> int:
    """Number of samples in `seconds`."""
    return int(seconds * RATE)


def time_axis(n: int) -> Wave:
    """Seconds at each of `n` samples."""
    return np.arange(n) / RATE


def ramps(n: int, attack: float = 0.005, release: float = 0.02) -> Wave:
    """A flat envelope with linear attack and release, in seconds."""
    envelope = np.ones(n)
    rise, fall = (max(1, min(samples(s), n // 2)) for s in (attack, release))
    envelope[:rise] = np.linspace(0, 1, rise)
    envelope[-fall:] *= np.linspace(1, 0, fall)
    return envelope


def shaped_noise(rng: Rng, n: int, low: float, high: float, tilt: float = 0.0) -> Wave:
    """Noise between `low` and `high` Hz, falling by `tilt` (exponent of 1/f), scaled to a peak of 1."""
    size = fft.next_fast_len(n, real=True)
    spectrum = fft.rfft(rng.standard_normal(size))
    frequency = fft.rfftfreq(size, 1 / RATE)
    gain = 1 / (1 + (low / np.maximum(frequency, 1)) ** 4) / (1 + (frequency / high) ** 4)
    if tilt:
        gain = gain * (np.maximum(frequency, 20) / 500.0) ** -tilt
    return unit_peak(fft.irfft(spectrum * gain, size)[:n])


def unit_peak(wave: Wave) -> Wave:
    """`wave` scaled to a peak of 1."""
    scaled: Wave = wave / (np.abs(wave).max() + 1e-9)
    return scaled


def unit_power(wave: Wave) -> Wave:
    """`wave` scaled to a root mean square of 1."""
    scaled: Wave = wave / (np.sqrt(np.mean(wave**2)) + 1e-9)
    return scaled


def place(canvas: Wave, wave: Wave, second: float) -> None:
    """Add `wave` to `canvas` from `second` on; what does not fit is cut."""
    start = samples(second)
    end = min(len(canvas), start + len(wave))
    if end > start:
        canvas[start:end] += wave[: end - start]


def stretched(wave: Wave, rng: Rng) -> Wave:
    """`wave` played clearly slower or faster, so that every frequency in it shifts by 12 to 22 %."""
    factor = rng.uniform(1.12, 1.22) if rng.integers(2) else 1 / rng.uniform(1.12, 1.22)
    return np.interp(np.arange(0, len(wave) - 1, factor), np.arange(len(wave)), wave)


def coloured(wave: Wave, rng: Rng) -> Wave:
    """`wave` through a body of random resonances: six octave bands up or down by up to 9 dB."""
    size = fft.next_fast_len(len(wave), real=True)
    octaves = np.log2(np.maximum(fft.rfftfreq(size, 1 / RATE), 60) / 125)
    gain = 10 ** (np.interp(octaves, np.arange(7), rng.uniform(-9, 9, 7)) / 20)
    return np.asarray(fft.irfft(fft.rfft(wave, size) * gain, size)[: len(wave)])


def with_nuisances(rng: Rng, wave: Wave, noise_db: tuple[float, float]) -> Wave:
    """Room, background noise and level, drawn after and apart from the label.

    `noise_db` bounds the signal-to-noise ratio in dB; the level is -36 to -18 dBFS.
    """
    if rng.random() < 0.5:
        tail = samples(rng.uniform(0.02, 0.10))
        response = rng.standard_normal(tail) * np.exp(-np.arange(tail) / (tail / 5.0)) * 0.2
        response[0] = 1.0
        size = fft.next_fast_len(len(wave) + tail, real=True)
        wave = fft.irfft(fft.rfft(wave, size) * fft.rfft(response, size), size)[: len(wave)]
    wave = unit_power(wave)
    noise = unit_power(shaped_noise(rng, len(wave), 60, 7000, rng.uniform(0, 1.0)))
    wave = wave + noise * 10 ** (-rng.uniform(*noise_db) / 20)
    return unit_power(wave) * 10 ** (rng.uniform(-36, -18) / 20)


def to_pcm16(wave: Wave) -> NDArray[np.int16]:
    """16-bit samples; what exceeds full scale is clipped."""
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)
