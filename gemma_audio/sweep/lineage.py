"""Sealed work as artifacts of Weights & Biases: base -> stage 1 -> stage 2 -> evaluation, a run between each two of them.

Artifacts bear the names of the store's folders, and so the same content is one version whichever sweep uploads it. A stage's run
is called the same: it is one, however many cells and sweeps build on it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gemma_audio.config.schema import Tracker as Settings
from gemma_audio.sweep.curve import figures, read_rows
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.redact import redact
from gemma_audio.sweep.seal import IDENTITY
from gemma_audio.sweep.wandb_run import begin

SCORES = ("scores.csv", "controls.csv", "summary.json")


class Lineage:
    """One cell's chain. Raises whatever wandb raises; the caller guards it."""

    def __init__(self, settings: Settings, cell: Cell, mirror: Mirror) -> None:
        self._settings, self._cell, self._mirror = settings, cell, mirror
        self._sealed: list[Path] = []

    def stage(self, folder: Path, tags: list[str]) -> None:
        """A run that takes the weights before a sealed stage and gives those after it, with the stage's curves."""
        name, weights = folder.name, self._weights(_parent(folder))
        self._sealed.append(folder)
        if list(self._mirror.folder.glob(f"wandb/*run-*-{name}")):  # another cell of this command was first
            return
        mirror = replace(self._mirror, run_id=name)
        run = begin(self._settings, mirror, name, "stage", redact(_identity(folder)), tags)
        use(run, weights)
        for step, row in figures(read_rows(folder / "metrics.csv"), read_rows(folder / "probes.csv")):
            run.log(row, step=step)
        run.log_artifact(weights_artifact(folder))
        run.finish()

    def evaluation(self, run: Any, fingerprint: str) -> None:
        """The cell's own run takes the weights at the end of the chain and gives the scores."""
        folder = self._cell.store / f"eval-{fingerprint}"
        use(run, self._weights(_parent(folder)))
        run.log_artifact(scores_artifact(folder))

    def _weights(self, base: str) -> Any:
        return weights_artifact(self._sealed[-1]) if self._sealed else base_artifact(self._cell, base)


def use(run: Any, artifact: Any) -> None:
    """Make `artifact` an input of `run`.

    Not run.use_artifact, which refuses to work offline and online waits for the upload: the record it makes is the same.
    """
    run._log_artifact(artifact, aliases=[], is_user_created=True, use_after_commit=True)


def base_artifact(cell: Cell, fingerprint: str) -> Any:
    """What the base is, by name and revision: its weights are somebody else's, and are not uploaded."""
    about = redact(asdict(cell.config.model))
    artifact = _artifact(f"base-{fingerprint}", "model", about)
    with artifact.new_file("model.json") as file:
        json.dump(about, file, sort_keys=True)
    return artifact


def weights_artifact(folder: Path) -> Any:
    """The weights of a sealed stage."""
    files = sorted(path for path in (folder / "weights").rglob("*") if path.is_file())
    return _holding(folder, "weights", files)


def scores_artifact(folder: Path) -> Any:
    """The scores of a sealed evaluation."""
    return _holding(folder, "evaluation", [folder / name for name in SCORES if (folder / name).exists()])


def _holding(folder: Path, kind: str, files: list[Path]) -> Any:
    """An artifact that refers to files of the store, which nobody changes, without a copy of them."""
    artifact = _artifact(folder.name, kind, redact(_identity(folder)))
    for path in files:
        artifact.add_file(str(path), name=path.relative_to(folder).as_posix(), policy="immutable", skip_cache=True)
    return artifact


def _artifact(name: str, kind: str, about: dict[str, Any]) -> Any:
    import wandb

    return wandb.Artifact(name, type=kind, metadata=about)


def _identity(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / IDENTITY).read_text())["identity"])


def _parent(folder: Path) -> str:
    return str(_identity(folder)["parent"])
