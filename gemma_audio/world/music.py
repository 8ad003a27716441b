"""Melodies (five instruments, four contours, four tempi, two registers) and rows of four two-note chords."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gemma_audio.world.instrument import INSTRUMENTS, hertz, note
from gemma_audio.world.signal import Rng, Wave, place, samples

CONTOURS = ("rising", "falling", "arch", "valley")
TEMPI = ("slow", "moderate", "fast", "rapid")
BEAT = {"slow": 0.38, "moderate": 0.27, "fast": 0.19, "rapid": 0.13}
"""Seconds from note to note; 158, 222, 316 and 462 notes a minute."""
REGISTERS = {"low": (59, 64), "high": (72, 77)}
"""MIDI pitches between which the lowest note of a melody lies."""
SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19])

INTERVALS = {"seconds": 1, "thirds": 4, "fifths": 7, "octaves": 12}
"""Semitones between the two notes of a chord."""
TEXTURES = ("block", "broken", "repeated", "droning")
LONGEST = ("first", "second", "third", "fourth")
ROOTS = (64, 67, 70, 73, 76)


@dataclass(frozen=True)
class Melody:
    """What is played: by which instrument, in which shape, how fast, how high."""

    instrument: str
    contour: str
    tempo: str
    register: str


def play(rng: Rng, melody: Melody, length: float) -> Wave:
    """`length` seconds holding `melody`; the sounding share of a beat is the same at every tempo."""
    beat = BEAT[melody.tempo] * rng.uniform(0.93, 1.07)
    span = rng.uniform(0.78, 0.95) * length
    count = int(np.clip(span / beat, 4, 11))
    duty = rng.uniform(0.7, 0.95)
    second = rng.uniform(0.02, 0.08)
    canvas = np.zeros(samples(length))
    lowest = int(rng.integers(*REGISTERS[melody.register]))
    for step in _steps(rng, melody.contour, count):
        place(canvas, note(rng, melody.instrument, hertz(lowest + SCALE[step]), beat * duty), second)
        second += beat
    return canvas


def _steps(rng: Rng, contour: str, count: int) -> list[int]:
    """Degrees of a major scale of `count` notes that follow `contour`."""
    start = int(rng.integers(0, 3))
    steps = np.sort(rng.choice(9, min(count, 9), replace=False))
    steps = np.sort(np.concatenate([steps, rng.choice(9, count - len(steps))]))
    if contour == "falling":
        steps = steps[::-1]
    elif contour in ("arch", "valley"):
        steps = np.concatenate([steps[::2], steps[1::2][::-1]])
        steps = 8 - steps if contour == "valley" else steps
    return [int(start + s) for s in steps]


def chords(rng: Rng, interval: str, texture: str, longest: str, length: float) -> Wave:
    """`length` seconds with four chords of one interval in one texture, one of them about twice as long as the others."""
    instrument = INSTRUMENTS[int(rng.integers(len(INSTRUMENTS)))]
    unit = rng.uniform(0.25, 0.28)
    seconds = [unit * (rng.uniform(2.0, 2.3) if name == longest else rng.uniform(0.9, 1.1)) for name in LONGEST]
    roots = [ROOTS[i] + int(rng.integers(0, 2)) for i in rng.choice(len(ROOTS), 4, replace=False)]
    canvas = np.zeros(samples(length))
    second = rng.uniform(0.02, max(0.03, length - sum(seconds) - 0.05))
    if texture == "droning":
        place(canvas, 0.5 * note(rng, "organ", hertz(57), sum(seconds)), second)
    for root, duration in zip(roots, seconds, strict=True):
        for pitch, start, share in _strokes(texture, root, INTERVALS[interval], duration):
            place(canvas, note(rng, instrument, hertz(pitch), duration * share * 0.95), second + duration * start)
        second += duration
    return canvas


def _strokes(texture: str, root: int, semitones: int, duration: float) -> list[tuple[int, float, float]]:
    """(MIDI pitch, start, length) of each note of a chord; start and length as shares of its duration."""
    pair = (root, root + semitones)
    if texture == "broken":
        return [(pitch, 0.5 * number, 0.5) for number, pitch in enumerate(pair)]
    if texture == "repeated":
        times = max(2, round(duration / 0.085))
        return [(pitch, number / times, 0.8 / times) for number in range(times) for pitch in pair]
    return [(pitch, 0.0, 1.0) for pitch in pair]
