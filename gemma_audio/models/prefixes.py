"""How the names of a Gemma 4's tensors and modules begin, by part of the model; PEFT puts a prefix of its own before them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "audio_tower": "model.audio_tower.",
        "projector": "model.embed_audio.",
        "language_model": "model.language_model.",
        "per_layer_embedding": "model.language_model.embed_tokens_per_layer.",
    }
)
"""The parts of config.schema.PARTS, which a stage may train in full."""

VISION = "vision_tower"
ADAPTED: Mapping[str, str] = MappingProxyType(
    {part: prefix for part, prefix in PARTS.items() if part != "per_layer_embedding"} | {VISION: "model.vision_tower."}
)
"""The parts of config.schema.ADAPTED, whose linear layers an adapter may sit on."""

WRAPPED = "base_model.model."
"""What PEFT's wrapper puts before every name."""


def part_of(name: str, parts: Mapping[str, str] = PARTS) -> str | None:
    """The one of `parts` with the longest prefix that `name` begins with, so that parts are disjoint; None where none does."""
    matching = [part for part, prefix in parts.items() if name.startswith(prefix)]
    return max(matching, key=lambda part: len(parts[part]), default=None)
