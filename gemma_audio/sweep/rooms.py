"""What a cell needs of the other rooms, as one small set of functions: imported only when called, replaced in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Config, Data, Evaluation, Model, Stage
from gemma_audio.errors import Problem
from gemma_audio.sweep.code import Code


def data_identity(data: Data, plugins: Sequence[str]) -> dict[str, Any]:
    """What decides the training data's product."""
    from gemma_audio.data.corpora import identity

    return identity(data, plugins)


def data_build(data: Data, into: Path, workers: int, plugins: Sequence[str]) -> None:
    """Write the training data's product."""
    from gemma_audio.data.corpora import build

    build(data, into, workers, plugins)


def data_problems(config: Config) -> list[Problem]:
    """What the training data cannot give the stages of a config."""
    from gemma_audio.data.checks import problems
    from gemma_audio.data.supply import supply

    return problems(config, supply(config.data)) if config.recipe.stages else []


def model_identity(model: Model) -> dict[str, Any]:
    """What the base weights are."""
    from gemma_audio.models.identity import identity

    return identity(model)


def model_files(model: Model) -> None:
    """Have the base's files on this machine, downloaded if need be. Raises ConfigError that says why they cannot be had."""
    from gemma_audio.models.fetch import folder_of

    if model.weights is not Weights.random:
        folder_of(model)


def evaluation_identity(evaluation: Evaluation, data: dict[str, Any] | None) -> dict[str, Any]:
    """What an evaluation's result depends on apart from the weights; `data` is the embedded world, where it is read."""
    from gemma_audio.evaluation.identity import identity

    return identity(evaluation, data)


def train(stage: Stage, **work: Any) -> dict[str, Any]:
    """Train one stage.

    `work` is model, data_folder, trainer, chain, into, log, progress, say, plugins, features, and probe with its folder.
    """
    from gemma_audio.training.run import train

    return train(stage, **work)


def evaluate(evaluation: Evaluation, **work: Any) -> dict[str, Any]:
    """Answer and score a benchmark; `work` is model, data_folder, trainer, chain, into, progress, plugins and features."""
    from gemma_audio.evaluation.run import evaluate

    return evaluate(evaluation, **work)


@dataclass(frozen=True)
class Rooms:
    """The functions that a cell calls, the digests of their code, and the modules that a fork server should have imported.

    Module-level functions only, so that they can travel to a child process.
    """

    data_identity: Callable[[Data, Sequence[str]], dict[str, Any]] = data_identity
    data_build: Callable[[Data, Path, int, Sequence[str]], None] = data_build
    model_identity: Callable[[Model], dict[str, Any]] = model_identity
    evaluation_identity: Callable[[Evaluation, dict[str, Any] | None], dict[str, Any]] = evaluation_identity
    train: Callable[..., dict[str, Any]] = train
    evaluate: Callable[..., dict[str, Any]] = evaluate
    code: Callable[[Sequence[str]], Code] = Code.read
    preload: tuple[str, ...] = ("gemma_audio.sweep.preload",)
    data_problems: Callable[[Config], list[Problem]] = data_problems
    model_files: Callable[[Model], None] = model_files
