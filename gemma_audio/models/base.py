"""Which base weights a stage was trained on, told in milliseconds: a delta or an adapter fits no others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Model
from gemma_audio.errors import StoreError
from gemma_audio.files import read_object, sha256
from gemma_audio.models import weight_files

SAMPLE = 4096
"""Bytes of each tensor that count: all of a norm, the first rows of a matrix. To read 16 GB at every start takes a minute."""

RECORD = "training.json"
KEY = "base"


def fingerprint(model: Model, folder: Path | None) -> str:
    """Name the base weights in `folder` by names, types, shapes and first bytes of their tensors, however sharded.

    Random weights, which have no folder, or whose folder only says their shape, are named by their seed.
    """
    total = hashlib.sha256()
    if model.weights is Weights.random:
        shape = model.source if folder is None else sha256(folder / "config.json")
        total.update(f"random {shape} {model.init_seed}".encode())
        return total.hexdigest()
    if folder is None:
        raise ValueError(f"{model.source} has no folder of weights")
    for name, described in sorted(_tensors(folder).items()):
        total.update(f"{name} {described}\n".encode())
    return total.hexdigest()


def check(stage: Path, base: str) -> None:
    """Raise StoreError where the sealed `stage` says that it was trained on other base weights than `base`."""
    recorded = read_object(stage / RECORD).get(KEY)
    if recorded not in (None, base):
        raise StoreError(
            f"{stage} was trained on other base weights ({recorded[:12]}) than those loaded now ({base[:12]}); "
            "take the model.source and model.revision that it was trained on (config.yaml of its run says which), or train anew"
        )


def _tensors(folder: Path) -> Mapping[str, str]:
    found, left_out = {}, weight_files.unused(folder)
    for header in weight_files.headers(folder):
        with header.path.open("rb") as file:
            for name, entry in header.tensors.items():
                start, end = entry["data_offsets"]
                file.seek(header.start + start)
                found[name] = f"{entry['dtype']} {entry['shape']} {file.read(min(SAMPLE, end - start)).hex()}"
    return {name: described for name, described in found.items() if name not in left_out}
