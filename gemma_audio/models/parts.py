"""Named groups of parameters of a Gemma 4 audio model: what a stage may train in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from torch import nn

from gemma_audio.errors import ConfigError, Problem

# A name belongs to the part with the longest matching prefix, so that the parts are disjoint.
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "audio_tower": "model.audio_tower.",
        "projector": "model.embed_audio.",
        "language_model": "model.language_model.",
        "per_layer_embedding": "model.language_model.embed_tokens_per_layer.",
    }
)


def part_of(name: str) -> str | None:
    """Return the part that the parameter `name` belongs to, or None (a vision tower belongs to no part)."""
    matching = [part for part, prefix in PARTS.items() if name.startswith(prefix)]
    return max(matching, key=lambda part: len(PARTS[part]), default=None)


def check(names: Iterable[str], place: str = "stage.trains") -> list[Problem]:
    """List every name that is no part, with the parts that exist."""
    allowed = ", ".join(PARTS)
    return [Problem(place, f"unknown part {name!r}", f"parts: {allowed}") for name in names if name not in PARTS]


def select(model: nn.Module, names: Sequence[str]) -> list[tuple[str, nn.Parameter]]:
    """Return (name, parameter) of every parameter in the named parts, in the model's order; tied weights once.

    Raises ConfigError where a name is no part or the model has no parameter of that part.
    """
    if problems := check(names):
        raise ConfigError(problems)
    chosen = [(name, parameter) for name, parameter in model.named_parameters() if part_of(name) in names]
    absent = set(names) - {part_of(name) for name, _ in chosen}
    if absent:
        raise ConfigError([Problem("stage.trains", f"the model has no {part}", "choose another part") for part in sorted(absent)])
    return chosen
