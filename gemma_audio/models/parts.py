"""Named groups of parameters of a Gemma 4 audio model, and ranges of their layers: what a stage may train in full."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from torch import nn

from gemma_audio.config.checks.parts import check_layers, check_parts
from gemma_audio.config.part import Part, parse
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.models.prefixes import PARTS, part_of

PLACE = "stage.trains"
LAYER = re.compile(r"layers\.(\d+)\.")

Named = list[tuple[str, nn.Parameter]]


def layer_of(name: str) -> int | None:
    """Return the number of the layer that the parameter `name` lies in, or None outside a part's layers."""
    match = LAYER.match(name.removeprefix(PARTS.get(part_of(name) or "", "")))
    return int(match[1]) if match else None


def layers(names: Iterable[str]) -> dict[str, int]:
    """Return how many layers each part has, from the names of a model's parameters."""
    counts: dict[str, int] = {}
    for name in names:
        part, layer = part_of(name), layer_of(name)
        if part is not None and layer is not None:
            counts[part] = max(counts.get(part, 0), layer + 1)
    return counts


def groups(model: nn.Module, entries: Sequence[str]) -> dict[str, Named]:
    """Return (name, parameter), tied weights once, of every parameter by the entry of `trains` that names it.

    Raises ConfigError with every entry that is malformed, overlaps with another, or names no tensor of the model.
    """
    parameters = list(model.named_parameters())
    counts = layers(name for name, _ in parameters)
    if problems := [*check_parts(PLACE, entries), *check_layers(PLACE, entries, counts)]:
        raise ConfigError(list(dict.fromkeys(problems)))
    read = {entry: part for entry in entries if (part := parse(entry))}
    chosen = {entry: [(n, p) for n, p in parameters if _covers(part, n, counts)] for entry, part in read.items()}
    if absent := [entry for entry, group in chosen.items() if not group]:
        raise ConfigError([Problem(PLACE, f"the model has no {entry}", "choose another part") for entry in absent])
    return chosen


def _covers(part: Part, name: str, counts: Mapping[str, int]) -> bool:
    if part_of(name) != part.name or part.kind == "whole":
        return part_of(name) == part.name
    layer = layer_of(name)
    return layer is None if part.kind == "rest" else layer in part.layers(counts[part.name])
