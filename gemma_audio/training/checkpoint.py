"""Checkpoint files that a kill, a full disk or a flipped bit cannot turn into a lost or a silently wrong run.

Lightning stages its checkpoints in $TMPDIR and copies them over the old file; here the temporary file lies beside the target,
is flushed to the disk and renamed, and a sha256 stands beside it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import CheckpointIO

from gemma_audio.errors import StoreError
from gemma_audio.files import sha256, sync, write_durably

KEPT = 2


class SealedCheckpoints(CheckpointIO):
    """The checkpoints of one run in `folder`: tensors and plain values only, the newest valid one wins, two are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, step: int) -> Path:
        """Return where the state after `step` optimizer steps is kept."""
        return self.folder / f"step-{step:08d}.pt"

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        """Write `checkpoint` so that at any moment either the whole new file or the old ones are valid; then drop the oldest."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            write_durably(_sidecar(target), sha256(partial))
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        sync(target.parent)
        self._prune()

    def load_checkpoint(self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = True) -> dict[str, Any]:
        """Read one checkpoint; raises StoreError where it is not the file that was written."""
        if problem := damage(Path(path)):
            raise StoreError(f"{path}: {problem}")
        loaded: dict[str, Any] = torch.load(path, map_location=map_location, weights_only=True)
        return loaded

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove one checkpoint and its checksum."""
        Path(path).unlink(missing_ok=True)
        _sidecar(Path(path)).unlink(missing_ok=True)

    def newest(self) -> tuple[dict[str, Any] | None, list[str]]:
        """Return the newest valid state (None: start from the beginning) and a line for every damaged file passed over."""
        damaged: list[str] = []
        for path in self._files():
            if problem := damage(path):
                damaged.append(f"{path.name}: {problem}; an older one is used")
            else:
                return self.load_checkpoint(path), damaged
        return None, damaged

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.pt"), reverse=True)

    def _prune(self) -> None:
        valid = [path for path in self._files() if not damage(path)]
        for path in self._files() if len(valid) >= KEPT else []:
            if path < valid[KEPT - 1]:
                self.remove_checkpoint(path)


def damage(path: Path) -> str | None:
    """Return what is wrong with the checkpoint at `path`, or None where its bytes are those that were written."""
    sidecar = _sidecar(path)
    if not sidecar.exists():
        return f"no checksum {sidecar.name} beside it"
    if sidecar.read_text().strip() != sha256(path):
        return "its bytes do not match its sha256"
    return None


def _sidecar(path: Path) -> Path:
    return path.with_suffix(".sha256")
