"""What the base weights are, without loading them: the first link of every fingerprint."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import Architecture, Weights
from gemma_audio.config.schema import Model
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.files import sha256
from gemma_audio.world.tiny import FOLDER


def identity(model: Model) -> dict[str, Any]:
    """Return the identity of the base weights: random (source, seed), embedded or a folder (sha256), or Hub (id, revision).

    Raises ConfigError where a Hub model has no revision, or a folder holds no safetensors.
    """
    base: dict[str, Any] = {"source": model.source, "dtype": model.dtype}
    if model.weights == Weights.random:
        base["init_seed"] = model.init_seed
        if model.source in ("embedded", *Architecture):
            return base
    folder = FOLDER if model.source == "embedded" else local_folder(model.source)
    if folder is not None:
        return {**base, "source": "embedded" if folder == FOLDER else "folder", "sha256": _digest(folder)}
    if not model.revision:
        remedy = "give model.revision a commit hash of the model's repository, so that the result can be traced"
        raise ConfigError([Problem("model.revision", f"missing for the Hub model {model.source!r}", remedy)])
    return {**base, "revision": model.revision}


def local_folder(source: str) -> Path | None:
    """Return `source` as a folder where it is written as a path (., /, ~) or exists as one; None where it is a Hub id."""
    folder = Path(source).expanduser()
    return folder if source.startswith((".", "/", "~")) or folder.is_dir() else None


def _digest(folder: Path) -> str:
    files = sorted(path for pattern in ("*.safetensors", "*.json", "*.jinja") for path in folder.glob(pattern))
    if not any(path.suffix == ".safetensors" for path in files):
        raise ConfigError([Problem("model.source", f"no *.safetensors in {folder}", "name a folder saved by save_pretrained")])
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.name} {sha256(path)}\n".encode())
    return total.hexdigest()
