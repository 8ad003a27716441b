"""How many numbers a stage trains, told from the headers of weight files (or a table) without loading a model."""

from __future__ import annotations

import json
import math
import os
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gemma_audio.config.kinds import AdapterMethod
from gemma_audio.config.part import Part, parse
from gemma_audio.config.schema import Adapter, Model, Stage
from gemma_audio.models import hub
from gemma_audio.models.identity import local_folder
from gemma_audio.world.tiny import FOLDER

PREFIXES = {
    "model.audio_tower.": "audio_tower",
    "model.embed_audio.": "projector",
    "model.language_model.embed_tokens_per_layer.": "per_layer_embedding",
    "model.language_model.": "language_model",
}
"""Longer prefixes stand before those they begin with."""

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
        shapes = [shape for name, shape in self.linears.items() if re.fullmatch(adapter.target, name)]
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
    """The shape of every tensor in the safetensors files of a folder, by name; a file that is none holds nothing."""
    return {name: shape for path in sorted(folder.glob("*.safetensors")) for name, shape in _header(path)}


def of_shapes(found: Shapes) -> Size:
    """The size of a model whose tensors have these shapes."""
    named = {name: _part(name) for name in found}
    parts = {part: _part_size({n: s for n, s in found.items() if named[n] == part}) for part in set(named.values()) if part}
    linears = {name.removesuffix(".weight"): s for name, s in found.items() if name.endswith(".weight") and len(s) == 2}
    return Size(parts, linears)


def _header(path: Path) -> Iterator[tuple[str, list[int]]]:
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
    except (OSError, ValueError, struct.error, MemoryError, OverflowError):
        return
    yield from ((name, entry["shape"]) for name, entry in header.items() if name != "__metadata__")


def _part(name: str) -> str | None:
    return next((part for prefix, part in PREFIXES.items() if name.startswith(prefix)), None)


def _part_size(found: Shapes) -> PartSize:
    layers = {name: int(match[1]) for name in found if (match := LAYER.search(name))}
    inside = sum(math.prod(found[name]) for name in layers)
    return PartSize(inside, sum(map(math.prod, found.values())) - inside, max(layers.values(), default=-1) + 1)


E4B_AUDIO = {
    **{f"feed_forward{n}.ffw_layer_1": (4096, 1024) for n in (1, 2)},
    **{f"feed_forward{n}.ffw_layer_2": (1024, 4096) for n in (1, 2)},
    **{f"self_attn.{name}": (1024, 1024) for name in ("q_proj", "k_proj", "v_proj", "post")},
    **{"lconv1d.linear_start": (2048, 1024), "lconv1d.linear_end": (1024, 1024)},
}


def _e4b_linears() -> dict[str, tuple[int, int]]:
    """The seven projections of each decoder layer (every sixth attends fully, the last 18 reuse keys and values); the sound's."""
    found: dict[str, tuple[int, int]] = {}
    for layer in range(42):
        attention, mlp = (f"model.language_model.layers.{layer}.{name}" for name in ("self_attn", "mlp"))
        head = 512 if layer % 6 == 5 else 256
        found |= {f"{attention}.q_proj": (8 * head, 2560), f"{attention}.o_proj": (2560, 8 * head)}
        found |= {f"{attention}.{name}": (2 * head, 2560) for name in ("k_proj", "v_proj") if layer < 24}
        found |= {f"{mlp}.gate_proj": (10240, 2560), f"{mlp}.up_proj": (10240, 2560), f"{mlp}.down_proj": (2560, 10240)}
    for layer in range(12):
        for name, shape in E4B_AUDIO.items():
            found[f"model.audio_tower.layers.{layer}.{name}.linear"] = shape
    return found | {"model.embed_audio.embedding_projection": (2560, 1536)}


E4B = Size(
    {
        "audio_tower": PartSize(304_824_608, 0, 12),
        "projector": PartSize(0, 3_932_160, 0),
        "language_model": PartSize(3_945_824_512, 698_616_576, 42),
        "per_layer_embedding": PartSize(0, 2_818_572_288, 0),
    },
    _e4b_linears(),
)
KNOWN = {"google/gemma-4-E4B-it": E4B, "google/gemma-4-E4B": E4B}
"""Models whose size is known before a file of theirs is here."""
