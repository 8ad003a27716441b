"""Safetensors shards written tensor by tensor: what training left alone is copied byte for byte, and nothing is held twice."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from huggingface_hub import StateDictSplit, split_state_dict_into_shards_factory

from gemma_audio.models.export.base_files import WIDTHS, Stored
from gemma_audio.models.weight_files import INDEX

NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip
CHUNK = 1 << 24

Entry = Stored | torch.Tensor


def write_shards(entries: Mapping[str, Entry], folder: Path, size: int | str) -> list[str]:
    """Write `entries` into shards of at most `size` bytes (or "5GB"; a larger tensor has a shard of its own), with their index.

    Returns the names of the weight files. One file is called model.safetensors and has no index, as the Hub expects.
    """
    split = plan(entries, size)
    for file, names in split.filename_to_tensors.items():
        _write(folder / file, {name: entries[name] for name in names})
    if split.is_sharded:
        weight_map = dict(sorted(split.tensor_to_filename.items()))
        index = {"metadata": {"total_size": split.metadata["total_size"]}, "weight_map": weight_map}
        (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n")
    return list(split.filename_to_tensors)


def plan(entries: Mapping[str, Entry], size: int | str) -> StateDictSplit:
    """Which tensor goes into which file, in the order of `entries`, as the Hub's own client decides it."""
    pattern = "model{suffix}.safetensors"
    return split_state_dict_into_shards_factory(
        dict(entries), get_storage_size=_nbytes, filename_pattern=pattern, max_shard_size=size
    )


def total_bytes(entries: Mapping[str, Entry]) -> int:
    """Bytes of all tensors."""
    return sum(map(_nbytes, entries.values()))


def _write(path: Path, entries: Mapping[str, Entry]) -> None:
    # Wide types first: every tensor then starts at a multiple of its own width.
    order = sorted(entries, key=lambda name: (-WIDTHS[_dtype(entries[name])], name))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    start = 0
    for name in order:
        entry, end = entries[name], start + _nbytes(entries[name])
        header[name] = {"dtype": _dtype(entry), "shape": list(entry.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            for part in _parts(entries[name]):
                file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _parts(entry: Entry) -> Iterator[Any]:
    if isinstance(entry, Stored):
        with entry.path.open("rb") as source:
            yield from _copied(source, entry)
        return
    plain = entry.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    yield plain.numpy().data


def _copied(source: BinaryIO, entry: Stored) -> Iterator[bytes]:
    source.seek(entry.start)
    left = entry.nbytes
    while left:
        part = source.read(min(CHUNK, left))
        if not part:
            raise OSError(f"{entry.path} ended {left} bytes early")
        left -= len(part)
        yield part


def _nbytes(entry: Entry) -> int:
    return entry.nbytes


def _dtype(entry: Entry) -> str:
    return entry.dtype if isinstance(entry, Stored) else NAMES[entry.dtype]
