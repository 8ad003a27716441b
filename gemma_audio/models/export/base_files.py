"""The base's own safetensors files as a table of tensors, read from their headers; no torch, no model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemma_audio.errors import ConfigError, Problem
from gemma_audio.models import weight_files
from gemma_audio.models.weight_files import AGAIN, Header, header, headers

WIDTHS = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "BF16": 2, "F16": 2, "I16": 2, "U8": 1, "I8": 1, "BOOL": 1}


@dataclass(frozen=True)
class Stored:
    """A tensor in a safetensors file: its type (BF16, F32, ...), shape, and the bytes `start` to `end` of `path`."""

    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor."""
        return self.end - self.start


def read_table(folder: Path) -> dict[str, Stored]:
    """Every tensor of the folder's weights by name, in the order of the files.

    ConfigError where a file is missing, cut short, no safetensors file, or does not hold what the index says.
    """
    if problems := list(weight_files.problems(folder)):
        raise ConfigError(problems)
    table = {name: stored for found in headers(folder) for name, stored in _table(found).items()}
    if misfits := [name for name, stored in table.items() if not _fits(stored)]:
        stored = table[misfits[0]]
        message = f"{misfits[0]}: {stored.nbytes} bytes do not fit {stored.dtype} of shape {list(stored.shape)}"
        raise ConfigError([Problem(str(stored.path), message, AGAIN)])
    return table


def tensor_names(path: Path) -> list[str]:
    """The names of the tensors in one file; none where it is absent. ConfigError where it cannot be read."""
    if not path.exists():
        return []
    found = header(path)
    if found is None:
        raise ConfigError([Problem(str(path), "is no safetensors file", "type the run's command again")])
    return list(found.tensors)


def _table(found: Header) -> dict[str, Stored]:
    return {name: _stored(found, entry) for name, entry in found.tensors.items()}


def _stored(found: Header, entry: Mapping[str, Any]) -> Stored:
    start, end = entry["data_offsets"]
    return Stored(found.path, str(entry["dtype"]), tuple(entry["shape"]), found.start + int(start), found.start + int(end))


def _fits(stored: Stored) -> bool:
    return stored.nbytes == math.prod(stored.shape) * WIDTHS.get(stored.dtype, 0)
