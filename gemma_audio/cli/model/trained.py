"""A finished run, read back: its base, its sealed stages and its evaluation, each checked to be what the run recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Evaluation, Model, Trainer
from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.models.export.base_files import read_table
from gemma_audio.models.identity import identity, local_folder
from gemma_audio.report.card_recipe import sealed_folder
from gemma_audio.report.card_subject import Subject, subject
from gemma_audio.report.cell import read_object
from gemma_audio.sweep.fingerprint import Ref
from gemma_audio.sweep.seal import damage

AGAIN = "type the run's command again: what is missing or damaged is made anew"
Node = TypeVar("Node")


@dataclass(frozen=True)
class Trained:
    """A run: what a card says of it (`subject`), and what is needed to load and evaluate its weights."""

    subject: Subject
    model: Model
    evaluation: Evaluation
    trainer: Trainer
    chain: tuple[Path, ...]

    @property
    def plugins(self) -> tuple[str, ...]:
        """The modules whose pieces the run used."""
        return tuple(self.subject.config.get("plugins") or [])

    @property
    def world(self) -> Path | None:
        """The folder of the embedded benchmark; None where the questions are another's."""
        sounds = self.subject.run.sounds or {}
        return Path(str(sounds["folder"])) if sounds.get("kind") == "corpus" else None


def read_run(folder: Path, arm: str, seed: int | None, base: Path | None) -> Trained:
    """The run of `folder`; `base` is where a base that lay in a folder lies now.

    Only headers and checksums are read. GemmaAudioError where a stage's folder is gone or damaged, the base's files are damaged,
    or the base is not the one that the run recorded.
    """
    found = subject(folder, arm, seed)
    model = _typed(Model, found.config["model"])
    if base is not None:
        model = replace(model, source=str(base))
    chain = tuple(_stage(found, stage) for stage in found.run.stages)
    if model.weights is Weights.pretrained and (place := local_folder(model.source)) is not None:
        read_table(place)
    _same_base(model, chain[0])
    evaluation, trainer = _typed(Evaluation, found.config["evaluation"]), _typed(Trainer, found.config["trainer"])
    return Trained(found, model, evaluation, trainer, chain)


def _stage(found: Subject, recorded: dict[str, Any]) -> Path:
    name = f"{recorded.get('name')}-{recorded.get('fingerprint')}"
    folder = sealed_folder(found.run.folder or found.sweep.folder, name)
    if folder is None:
        raise _refusal(f"store/{name}", "is not in the store above the run any more", AGAIN)
    if problems := damage(folder):
        raise _refusal(str(folder), f"is damaged: {'; '.join(problems[:3])}", AGAIN)
    return folder


def _same_base(model: Model, first: Path) -> None:
    """The first stage is named after its base; the base of now must give the same name."""
    recorded = read_object(first / "identity.json")["identity"]["parent"]
    if Ref.of({"model": identity(model)}).fingerprint != recorded:
        message = "is not the base that the run was trained on: its files, revision or precision differ"
        remedy = "give the base as it was then: --base FOLDER"
        raise _refusal(f"{model.source} ({model.revision or 'no revision'}, {model.dtype})", message, remedy)


def _typed(kind: type[Node], value: dict[str, Any]) -> Node:
    try:
        made: Any = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(kind), value))
        return made
    except OmegaConfBaseException as error:
        message = f"the recorded {kind.__name__.lower()} cannot be read: {str(error).splitlines()[0]}"
        raise _refusal("config", message, "the run is of another version of gemma_audio; " + AGAIN) from None


def _refusal(place: str, message: str, remedy: str) -> GemmaAudioError:
    return GemmaAudioError(str(Problem(place, message, remedy)))
