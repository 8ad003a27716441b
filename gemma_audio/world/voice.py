"""A formant voice: one syllable at a time, by four kinds of speaker, with prosody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from gemma_audio.world.signal import RATE, Rng, Wave, ramps, samples, shaped_noise, time_axis, unit_peak

VOWELS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "u": (300, 870, 2240)}
"""First three formants in Hz of an adult man (orders of magnitude after Peterson and Barney, 1952)."""
CONSONANTS = ("b", "d", "g", "s", "m")
SYLLABLES = tuple(c + v for c in CONSONANTS for v in VOWELS)
BURSTS = {"b": (200, 900), "d": (2800, 4500), "g": (1200, 2200)}
SPEAKERS = ("man", "woman", "child", "robot")
EMOTIONS = ("neutral", "happy", "angry", "sad")

PITCH = {"man": (90, 135), "woman": (160, 220), "child": (245, 325), "robot": (115, 185)}
TRACT = {"man": 1.0, "woman": 1.14, "child": 1.32, "robot": 1.05}


@dataclass(frozen=True)
class Voice:
    """One speaker: scale of the vocal tract's resonances, pitch in Hz, and whether the sound is chopped as a robot's."""

    tract: float
    pitch: float
    robot: bool


@dataclass(frozen=True)
class Prosody:
    """How a mood moves the voice: pitch level, glide across a syllable (both relative) and spectral tilt."""

    lift: float
    glide: float
    tilt: float


PROSODY = {
    "neutral": Prosody(1.0, 0.0, 0.8),
    "happy": Prosody(1.22, 0.30, 0.6),
    "angry": Prosody(1.10, -0.16, 0.2),
    "sad": Prosody(0.90, -0.06, 1.2),
}


def draw_voice(rng: Rng, kind: str, unseen: bool = False) -> Voice:
    """A voice of `kind`; an unseen one has a size and a pitch that no training clip combines."""
    size, pitch = rng.uniform(0.95, 1.05), rng.uniform(*PITCH[kind])
    if unseen:
        larger = bool(rng.integers(2))
        size = rng.uniform(1.07, 1.11) if larger else rng.uniform(0.89, 0.93)
        pitch *= rng.uniform(0.80, 0.87) if larger else rng.uniform(1.12, 1.19)
    return Voice(TRACT[kind] * size, pitch, kind == "robot")


def syllable(rng: Rng, voice: Voice, text: str, seconds: float, prosody: Prosody, pitch: float = 1.0) -> Wave:
    """The syllable `text`, its vowel `seconds` long; `pitch` scales the voice's own."""
    level = voice.pitch * pitch * prosody.lift
    contour = np.linspace(level * (1 - prosody.glide / 2), level * (1 + prosody.glide / 2), samples(seconds))
    return np.concatenate([_consonant(rng, text[0], level, voice.tract), _vowel(rng, text[1], contour, voice, prosody.tilt)])


def _vowel(rng: Rng, vowel: str, pitch: Wave, voice: Voice, tilt: float) -> Wave:
    n = len(pitch)
    phase = np.cumsum(pitch * (1 + 0.01 * rng.standard_normal())) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    size = fft.next_fast_len(n, real=True)
    frequency = fft.rfftfreq(size, 1 / RATE)
    gain = np.full(len(frequency), 0.02)
    for formant, width, weight in zip(VOWELS[vowel], (90, 110, 170), (1.0, 0.6, 0.3), strict=True):
        gain += weight / (1 + ((frequency - formant * voice.tract) / width) ** 2)
    gain *= (np.maximum(frequency, 100) / 500.0) ** -tilt
    wave = unit_peak(fft.irfft(fft.rfft(pulses, size) * gain, size)[:n]) * ramps(n, 0.015, 0.04)
    if voice.robot:
        wave = wave * (0.5 + 0.5 * np.sign(np.sin(2 * np.pi * 70 * time_axis(n))))
    return wave


def _consonant(rng: Rng, consonant: str, pitch: float, tract: float) -> Wave:
    n = samples({"s": 0.09, "m": 0.07}.get(consonant, 0.03))
    if consonant == "s":
        return 0.35 * shaped_noise(rng, n, 4000 * min(tract, 1.2), 7500) * ramps(n, 0.02, 0.02)
    if consonant == "m":
        t = time_axis(n)
        return 0.45 * (np.sin(2 * np.pi * pitch * t) + 0.6 * np.sin(4 * np.pi * pitch * t)) * ramps(n, 0.01, 0.01)
    return 0.5 * shaped_noise(rng, n, *BURSTS[consonant]) * np.exp(-time_axis(n) * 80)
