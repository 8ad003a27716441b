"""All that can be found wrong with a command before any work, collected from every room and shown together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gemma_audio.config.checks import check_config, check_sweep
from gemma_audio.config.compose import to_config
from gemma_audio.config.schema import Accelerator, Config
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.evaluation.checks import problems as evaluation_problems

if TYPE_CHECKING:
    from gemma_audio.cli.collect import Collected


def checked(collected: Collected) -> list[Config]:
    """The typed configs of all jobs.

    Raises ConfigError with every problem of every cell, those of composing included; one that several cells share is listed once.
    """
    found = list(collected.problems)
    configs: list[Config] = []
    for job in collected.jobs:
        try:
            configs.append(to_config(job.node))
        except ConfigError as error:
            found += error.problems
    found += _follow_on(found, _of_configs(configs))
    if not collected.problems:  # else cells may be missing, or not be what was meant
        found += check_sweep(configs, multirun=collected.multirun)
    if found:
        raise ConfigError(list(dict.fromkeys(found)))
    return configs


def _of_configs(configs: Sequence[Config]) -> list[Problem]:
    found = [problem for config in configs for problem in check_config(config)]
    evaluations = [config.evaluation for config in configs]
    for number, evaluation in enumerate(evaluations):
        if evaluation not in evaluations[:number]:  # a benchmark's file is read once, however many cells answer it
            found += evaluation_problems(evaluation)
    if any(config.trainer.accelerator is Accelerator.gpu and not config.plan for config in configs):
        found += gpu_problems()
    return found


def gpu_problems() -> list[Problem]:
    """What is wrong with trainer.accelerator=gpu on this machine."""
    import torch

    if torch.cuda.is_available():
        return []
    return [Problem("trainer.accelerator", "gpu, but no GPU is visible", "trainer=cpu")]


def _follow_on(known: Sequence[Problem], found: Sequence[Problem]) -> list[Problem]:
    """The problems found without those of a place whose override was already dropped as wrong."""
    dropped = [problem.place for problem in known]
    return [p for p in found if not any(p.place == place or p.place.startswith(f"{place}.") for place in dropped)]
