"""How many numbers a stage trains, told from the headers of weight files (or a table) without loading a model."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gemma_audio.config.kinds import AdapterMethod, Architecture
from gemma_audio.config.part import Part, parse
from gemma_audio.config.schema import Adapter, Model, Stage
from gemma_audio.models import architecture, hub, weight_files
from gemma_audio.models.identity import local_folder
from gemma_audio.models.prefixes import part_of
from gemma_audio.models.scope import pattern
from gemma_audio.world.tiny import FOLDER

EMBEDDING = re.compile(r"\.embed_tokens(_per_layer)?$")
LAYER = re.compile(r"\.layers\.(\d+)\.")
Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class PartSize:
    """Parameters inside and outside the layers of a part, and the number of its layers."""

    layered: int
    rest: int
    layers: int

    def of(self, part: Part) -> int:
        """Parameters of what `part` selects, its layers taken as equally large."""
        if part.kind != "layers":
            return self.rest + (self.layered if part.kind == "whole" else 0)
        chosen = len(range(self.layers)[slice(part.start, part.stop)])
        return self.layered * chosen // max(1, self.layers)


@dataclass(frozen=True)
class Size:
    """A model's parts, and its linear layers by name as (outputs, inputs)."""

    parts: Mapping[str, PartSize]
    linears: Shapes

    def trained(self, stage: Stage) -> int:
        """The number of parameters that `stage` trains; entries of `trains` that are malformed count nothing."""
        chosen = [part for name in stage.trains if (part := parse(name)) and part.name in self.parts]
        return sum(self.parts[part.name].of(part) for part in chosen) + self._adapter(stage.adapter)

    def _adapter(self, adapter: Adapter | None) -> int:
        if adapter is None:
            return 0
        shapes = [shape for name, shape in self.linears.items() if re.fullmatch(pattern(adapter.scope), name)]
        magnitudes = sum(out for out, _ in shapes) if adapter.method is AdapterMethod.dora else 0
        return sum(adapter.rank * (out + into) for out, into in shapes) + magnitudes


def size(model: Model, env: Mapping[str, str] = os.environ) -> Size | None:
    """The size of `model`; None where its files are not on this machine and no table has it."""
    if model.source == "embedded":
        return of_shapes(shapes(FOLDER))
    folder = local_folder(model.source) or hub.snapshot(model.source, model.revision, env)
    found = shapes(folder) if folder else {}
    return of_shapes(found) if found else KNOWN.get(model.source)


def shapes(folder: Path) -> dict[str, list[int]]:
    """The shape of every tensor of the model in a folder, by name; a file that is no safetensors file holds nothing."""
    left_out = weight_files.unused(folder)
    named = {name: entry for found in weight_files.headers(folder) for name, entry in found.tensors.items()}
    return {name: entry["shape"] for name, entry in named.items() if name not in left_out}


def of_shapes(found: Shapes) -> Size:
    """The size of a model whose tensors have these shapes."""
    named = {name: part_of(name) for name in found}
    parts = {part: _part_size({n: s for n, s in found.items() if named[n] == part}) for part in set(named.values()) if part}
    matrices = {name.removesuffix(".weight"): s for name, s in found.items() if name.endswith(".weight") and len(s) == 2}
    linears = {name: shape for name, shape in matrices.items() if not EMBEDDING.search(name)}
    return Size(parts, linears)


def _part_size(found: Shapes) -> PartSize:
    layers = {name: int(match[1]) for name in found if (match := LAYER.search(name))}
    inside = sum(math.prod(found[name]) for name in layers)
    return PartSize(inside, sum(map(math.prod, found.values())) - inside, max(layers.values(), default=-1) + 1)


E4B = Size(
    {
        "audio_tower": PartSize(304_824_608, 0, 12),
        "projector": PartSize(0, 3_932_160, 0),
        "language_model": PartSize(3_945_824_512, 698_616_576, 42),
        "per_layer_embedding": PartSize(0, 2_818_572_288, 0),
    },
    architecture.E4B.linears(),
)
KNOWN = {"google/gemma-4-E4B-it": E4B, "google/gemma-4-E4B": E4B, Architecture.gemma4_e4b: E4B}
"""Models whose size is known before a file of theirs is here."""
