"""The safetensors files of a folder, told from their headers: which tensors they hold, and whether the files are whole."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemma_audio.errors import Problem
from gemma_audio.files import read_object

INDEX = "model.safetensors.index.json"
AGAIN = "Copy or download the folder again: hf download"


@dataclass(frozen=True)
class Header:
    """What one file says of itself: its tensors, and where their bytes begin and must end."""

    path: Path
    tensors: Mapping[str, Mapping[str, Any]]
    start: int

    @property
    def end(self) -> int:
        return self.start + max((int(entry["data_offsets"][1]) for entry in self.tensors.values()), default=0)


def header(path: Path) -> Header | None:
    """The header of a safetensors file; None where it is none."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            entries = json.loads(file.read(length))
        tensors = {name: entry for name, entry in entries.items() if name != "__metadata__"}
        found = Header(path, tensors, 8 + length)
        return found if found.end and all(entry["shape"] is not None for entry in tensors.values()) else None
    except (OSError, ValueError, struct.error, MemoryError, OverflowError, AttributeError, KeyError, TypeError, IndexError):
        return None


def headers(folder: Path) -> list[Header]:
    """The headers of a folder's safetensors files that can be read, by name."""
    return [found for path in sorted(folder.glob("*.safetensors")) if (found := header(path))]


def dead_names(config: Mapping[str, Any]) -> list[str]:
    """Keys and values of layers that reuse another's: no model of transformers has them, other loaders refuse without them."""
    found = config.get("text_config")
    text: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    layers, shared = int(text.get("num_hidden_layers") or 0), int(text.get("num_kv_shared_layers") or 0)
    return [
        f"model.language_model.layers.{layer}.self_attn.{name}.weight"
        for layer in range(layers - shared, layers)
        for name in ("k_proj", "v_proj", "k_norm")
    ]


def unused(folder: Path) -> set[str]:
    """Tensors that a folder's files may hold and no model has."""
    return set(dead_names(read_object(folder / "config.json")))


def problems(folder: Path) -> Iterator[Problem]:
    """Weights that are missing or cut short; read from the first bytes of each file, so that 16 GB take milliseconds."""
    wanted: dict[str, str] = read_object(folder / INDEX).get("weight_map") or {}
    files = sorted({folder / name for name in wanted.values()} or folder.glob("*.safetensors"))
    if not files:
        remedy = "Only safetensors are read: name a folder with config.json and *.safetensors, as save_pretrained writes them"
        yield Problem("model.source", f"no *.safetensors in {folder}", remedy)
    held: set[str] = set()
    for path in files:
        found = header(path)
        if not path.exists():
            yield Problem("model.source", f"{folder} lacks {path.name}, one of {len(files)} files of its weights", AGAIN)
        elif found is None:
            yield Problem("model.source", f"{path} is no safetensors file (its header cannot be read)", AGAIN)
        elif path.stat().st_size != found.end:
            yield Problem("model.source", f"{path} has {path.stat().st_size} bytes, its header says {found.end}", AGAIN)
        held |= set(found.tensors) if found else wanted.keys()
    if absent := sorted(wanted.keys() - held):
        yield Problem("model.source", f"{len(absent)} tensors that {INDEX} lists are in no file, such as {absent[0]}", AGAIN)
