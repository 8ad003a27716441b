"""Short pieces in four genres, and pieces for four occasions: fixed conventions of drums, bass and lead."""

from __future__ import annotations

import numpy as np

from gemma_audio.world.instrument import hertz, note
from gemma_audio.world.signal import Rng, Wave, place, samples, shaped_noise, time_axis

GENRES = ("techno", "jazz", "reggae", "folk")
OCCASIONS = ("march", "lullaby", "waltz", "fanfare")
LEADS = ("flute", "organ", "guitar", "clarinet")
KEYS = {"C": 60, "D": 62, "E": 64, "G": 67}

Stroke = tuple[str, float]
"""What is struck (kick, snare, hat), and on which beat."""
DRUMS: dict[str, tuple[Stroke, ...]] = {
    "techno": (*(("kick", float(b)) for b in range(5)), *(("hat", b + 0.5) for b in range(5))),
    "jazz": tuple(("hat", b + o) for b in range(5) for o in ((0.0,) if b % 2 == 0 else (0.0, 0.67))),
    "reggae": (*(("snare", b + 0.5) for b in range(5)), ("kick", 2.0)),
    "folk": (),
    "march": tuple(("kick" if b % 2 == 0 else "snare", float(b)) for b in range(5)),
    "lullaby": (),
    "waltz": tuple(("kick" if b % 3 == 0 else "hat", float(b)) for b in range(5)),
    "fanfare": (("snare", 0.0), ("snare", 0.33), ("snare", 0.67), ("kick", 1.0)),
}
LINES: dict[str, tuple[tuple[float, float, int], ...]] = {
    "techno": tuple((b + 0.5, 0.4, -12) for b in range(5)),
    "jazz": ((0.0, 0.9, -12), (1.0, 0.9, -8), (2.0, 0.9, -5), (3.0, 0.9, -3), (4.0, 0.9, -5)),
    "reggae": tuple((b + 0.5, 0.25, p) for b in range(5) for p in (0, 4, 7)),
    "folk": ((0.0, 5.0, -12), (0.0, 0.5, 7), (0.5, 0.5, 9), (1.0, 0.5, 12), (1.5, 0.5, 9), (2.0, 0.5, 7),
             (2.5, 0.5, 4), (3.0, 1.0, 2)),
    "march": ((0.0, 0.45, 0), (0.5, 0.45, 0), (1.0, 0.9, 7), (2.0, 0.45, 7), (2.5, 0.45, 4), (3.0, 0.9, 0), (4.0, 0.9, 0)),
    "lullaby": ((0.0, 1.8, 12), (2.0, 1.8, 9), (4.0, 1.0, 7)),
    "waltz": ((0.0, 0.9, -12), (1.0, 0.5, 4), (2.0, 0.5, 4), (3.0, 0.9, -5), (4.0, 0.5, 4), (1.0, 0.5, 7),
              (2.0, 0.5, 7), (4.0, 0.5, 7)),
    "fanfare": ((0.0, 0.3, 0), (0.33, 0.3, 0), (0.67, 0.3, 0), (1.0, 0.9, 4), (2.0, 0.3, 4), (2.33, 0.3, 4),
                (2.67, 0.3, 4), (3.0, 2.0, 7)),
}  # fmt: skip
"""(beat, length in beats, semitones above the key) of each note."""


def piece(rng: Rng, convention: str, lead: str, key: str, length: float) -> Wave:
    """`length` seconds in the manner of `convention` (a genre or an occasion), from a random beat on."""
    beat = rng.uniform(0.32, 0.38)
    onset = rng.uniform(0.02, 0.15)
    canvas = np.zeros(samples(length))
    for start, beats, semitones in LINES[convention]:
        tone = note(rng, lead, hertz(KEYS[key] + semitones), beats * beat)
        place(canvas, tone * rng.uniform(0.5, 0.7), onset + start * beat)
    for drum, start in DRUMS[convention]:
        place(canvas, _drum(rng, drum) * rng.uniform(0.8, 1.1), onset + start * beat)
    return canvas


def _drum(rng: Rng, name: str) -> Wave:
    n = samples({"kick": 0.12, "snare": 0.10, "hat": 0.05}[name])
    t = time_axis(n)
    if name == "kick":
        return np.asarray(np.sin(2 * np.pi * (60 * t + 4 * (1 - np.exp(-t * 30)))) * np.exp(-t * 25))
    if name == "snare":
        return 0.8 * shaped_noise(rng, n, 800, 5000) * np.exp(-t * 35)
    return 0.6 * shaped_noise(rng, n, 5000, 7500) * np.exp(-t * 80)
