"""One kind of clip: which attributes it holds, how they are drawn, how they sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gemma_audio.world.signal import Rng, Wave

Attributes = dict[str, str]
"""Attribute values of one clip as text; words and lists are joined by blanks."""

Bands = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
DELICATE: Bands = ((18.0, 30.0), (8.0, 18.0), (-1.0, 8.0))
STEADY: Bands = ((18.0, 30.0), (6.0, 18.0), (-3.0, 6.0))
ROBUST: Bands = ((15.0, 30.0), (3.0, 15.0), (-8.0, 3.0))
"""Signal-to-noise ratios in dB of easy, medium and hard clips: what carries through noise gets more of it."""


@dataclass(frozen=True)
class Family:
    """`render` takes (generator, attributes, seconds, unseen voice or timbre).

    `combination` reads the numbers whose sum, where `modulus` divides it, marks a combination that no training clip holds.
    There the attribute `pivot` is drawn again, so that all others stay as they were drawn (empty: everything is drawn again).
    """

    draw: Callable[[Rng], Attributes]
    render: Callable[[Rng, Attributes, float, bool], Wave]
    combination: Callable[[Attributes], Sequence[int]]
    modulus: int
    pivot: str
    noise: Bands = DELICATE


def pick(rng: Rng, pool: Sequence[str]) -> str:
    """One of `pool`, each as likely as the others."""
    return pool[int(rng.integers(len(pool)))]
