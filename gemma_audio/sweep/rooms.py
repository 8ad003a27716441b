"""What a cell needs of the other rooms, as one small set of functions: imported only when called, replaced in tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemma_audio.config.schema import Data, Evaluation, Model, Stage
from gemma_audio.sweep.code import Code


def world_identity(data: Data) -> dict[str, Any]:
    """What decides the world's products."""
    from gemma_audio.world import identity

    return identity(data)


def world_build(data: Data, into: Path, workers: int) -> None:
    """Write the world's products."""
    from gemma_audio.world import build

    build(data, into, workers)


def model_identity(model: Model) -> dict[str, Any]:
    """What the base weights are."""
    from gemma_audio.models.identity import identity

    return identity(model)


def evaluation_identity(evaluation: Evaluation, data: dict[str, Any] | None) -> dict[str, Any]:
    """What an evaluation's result depends on apart from the weights."""
    from gemma_audio.evaluation.identity import identity

    return identity(evaluation, data)


def train(stage: Stage, **work: Any) -> dict[str, Any]:
    """Train one stage; `work` is model, data_folder, trainer, chain, into, log and progress."""
    from gemma_audio.training.run import train

    return train(stage, **work)


def evaluate(evaluation: Evaluation, **work: Any) -> dict[str, Any]:
    """Answer and score a benchmark; `work` is model, data_folder, trainer, chain, into and progress."""
    from gemma_audio.evaluation.run import evaluate

    return evaluate(evaluation, **work)


@dataclass(frozen=True)
class Rooms:
    """The functions that a cell calls, the digests of their code, and the modules that a fork server should have imported.

    Module-level functions only, so that they can travel to a child process.
    """

    world_identity: Callable[[Data], dict[str, Any]] = world_identity
    world_build: Callable[[Data, Path, int], None] = world_build
    model_identity: Callable[[Model], dict[str, Any]] = model_identity
    evaluation_identity: Callable[[Evaluation, dict[str, Any] | None], dict[str, Any]] = evaluation_identity
    train: Callable[..., dict[str, Any]] = train
    evaluate: Callable[..., dict[str, Any]] = evaluate
    code: Callable[[], Code] = Code.read
    preload: tuple[str, ...] = ("gemma_audio.sweep.preload",)
