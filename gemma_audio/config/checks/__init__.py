"""Rules that types cannot state; every problem of a config is found before anything is loaded, and all are shown at once."""

from __future__ import annotations

from gemma_audio.config.checks.data import check_data
from gemma_audio.config.checks.evaluation import check_evaluation
from gemma_audio.config.checks.general import check_general
from gemma_audio.config.checks.model import check_model
from gemma_audio.config.checks.plugins import check_plugins
from gemma_audio.config.checks.probe import check_probe
from gemma_audio.config.checks.savings import check_savings
from gemma_audio.config.checks.stage import check_stage
from gemma_audio.config.checks.sweep import arm_of, check_sweep
from gemma_audio.config.schema import Config
from gemma_audio.errors import Problem

__all__ = ["arm_of", "check_config", "check_sweep"]


def check_config(config: Config) -> list[Problem]:
    """All problems of one config."""
    problems = [*check_general(config), *check_plugins(config), *check_model(config)]
    problems += [*check_data(config.data), *check_evaluation(config.evaluation), *check_probe(config)]
    for key, stage in config.recipe.stages.items():
        problems += check_stage(f"recipe.stages.{key}", stage)
        problems += check_savings(f"recipe.stages.{key}", stage, config.trainer.savings)
    return problems
