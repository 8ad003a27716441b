"""All kinds of clip by name, and what each holds and how it sounds."""

from __future__ import annotations

from gemma_audio.world.families.family import Attributes, Family
from gemma_audio.world.families.musical import MUSICAL
from gemma_audio.world.families.sounding import SOUNDING
from gemma_audio.world.families.speaking import SPEAKING
from gemma_audio.world.signal import Rng, Wave

FAMILIES: dict[str, Family] = {**SPEAKING, **MUSICAL, **SOUNDING}


def draw(rng: Rng, family: str, *, unseen: bool = False) -> Attributes:
    """What a clip of `family` holds, each attribute drawn uniformly, from the seen or from the `unseen` combinations.

    A combination is unseen by a Latin rule over three or more attributes, so that no attribute alone tells of another one.
    """
    kind = FAMILIES[family]
    attributes = kind.draw(rng)
    while is_unseen(family, attributes) != unseen:
        again = kind.draw(rng)
        attributes = again if unseen or not kind.pivot else {**attributes, kind.pivot: again[kind.pivot]}
    return attributes


def is_unseen(family: str, attributes: Attributes) -> bool:
    """Whether no training clip holds this combination."""
    kind = FAMILIES[family]
    return sum(kind.combination(attributes)) % kind.modulus == 0


def render(rng: Rng, family: str, attributes: Attributes, length: float, *, unseen: bool = False) -> Wave:
    """`length` seconds of sound that hold `attributes`, before room, noise and level; `unseen` alters voice or timbre."""
    return FAMILIES[family].render(rng, attributes, length, unseen)
