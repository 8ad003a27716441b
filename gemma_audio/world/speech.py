"""Formant speech: pseudo-words of three syllables by four kinds of speaker, with prosody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from gemma_audio.world.signal import RATE, Rng, Wave, place, ramps, samples, shaped_noise, time_axis, unit_peak

VOWELS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "u": (300, 870, 2240)}
"""First three formants in Hz of an adult man (orders of magnitude after Peterson and Barney, 1952)."""
CONSONANTS = ("b", "d", "g", "s", "m")
SYLLABLES = tuple(c + v for c in CONSONANTS for v in VOWELS)
BURSTS = {"b": (200, 900), "d": (2800, 4500), "g": (1200, 2200)}
SPEAKERS = ("man", "woman", "child", "robot")
EMOTIONS = ("neutral", "happy", "angry", "sad")
POSITIONS = ("first", "second", "third")

PITCH = {"man": (95, 125), "woman": (175, 215), "child": (260, 320), "robot": (120, 180)}
TRACT = {"man": 1.0, "woman": 1.14, "child": 1.32, "robot": 1.05}


@dataclass(frozen=True)
class Prosody:
    """How an emotion moves the voice: pitch level, glide across a syllable (both relative) and spectral tilt."""

    lift: float
    glide: float
    tilt: float


PROSODY = {
    "neutral": Prosody(1.0, 0.0, 0.8),
    "happy": Prosody(1.22, 0.30, 0.6),
    "angry": Prosody(1.10, -0.16, 0.2),
    "sad": Prosody(0.90, -0.06, 1.2),
}


@dataclass(frozen=True)
class Utterance:
    """What is said, by whom, and how; `stress` is the index of the stressed syllable."""

    word: tuple[str, ...]
    stress: int
    emotion: str
    speaker: str


def utter(rng: Rng, said: Utterance, length: float) -> Wave:
    """`length` seconds holding `said`. The sounding time is drawn before the label and apart from it."""
    prosody = PROSODY[said.emotion]
    tract = TRACT[said.speaker] * rng.uniform(0.97, 1.03)
    pitch = rng.uniform(*PITCH[said.speaker]) * prosody.lift
    total = rng.uniform(0.62, 0.90)
    weights = rng.uniform(0.92, 1.08, len(said.word))
    weights[said.stress] *= rng.uniform(1.45, 1.75)
    durations = total * weights / weights.sum()
    parts = [
        _stressed_syllable(rng, said, i, durations[i], pitch * (1 - 0.04 * i), prosody, tract) for i in range(len(said.word))
    ]
    canvas = np.zeros(samples(length))
    second = rng.uniform(0.03, max(0.04, length - sum(len(p) for p in parts) / RATE - 0.15))
    for part in parts:
        place(canvas, part, second)
        second += len(part) / RATE + rng.uniform(0.015, 0.04)
    return canvas


def _stressed_syllable(rng: Rng, said: Utterance, i: int, seconds: float, pitch: float, prosody: Prosody, tract: float) -> Wave:
    robot = said.speaker == "robot"
    loudness = rng.uniform(0.85, 1.1)
    if i == said.stress:
        loudness *= rng.uniform(1.5, 2.1)
        pitch *= 1.0 if robot else rng.uniform(1.18, 1.32)
    glide = 0.0 if robot else prosody.glide
    contour = np.linspace(pitch * (1 - glide / 2), pitch * (1 + glide / 2), samples(seconds))
    consonant, vowel = said.word[i][0], said.word[i][1]
    voiced = _vowel(rng, vowel, contour, tract, prosody.tilt, robot)
    return np.concatenate([_consonant(rng, consonant, pitch, tract), voiced]) * loudness


def _vowel(rng: Rng, vowel: str, pitch: Wave, tract: float, tilt: float, robot: bool) -> Wave:
    n = len(pitch)
    phase = np.cumsum(pitch * (1 + 0.01 * rng.standard_normal())) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    size = fft.next_fast_len(n, real=True)
    frequency = fft.rfftfreq(size, 1 / RATE)
    gain = np.full(len(frequency), 0.02)
    for formant, width, weight in zip(VOWELS[vowel], (90, 110, 170), (1.0, 0.6, 0.3), strict=True):
        gain += weight / (1 + ((frequency - formant * tract) / width) ** 2)
    gain *= (np.maximum(frequency, 100) / 500.0) ** -tilt
    wave = unit_peak(fft.irfft(fft.rfft(pulses, size) * gain, size)[:n]) * ramps(n, 0.015, 0.04)
    if robot:
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
