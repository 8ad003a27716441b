"""From conf/ and overrides to a typed Config, for the command line, tests and notebooks alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue

from gemma_audio.config.schema import Config, Stage, register
from gemma_audio.errors import ConfigError, Problem

_PACKAGE = Path(__file__).resolve().parent.parent
# A wheel carries conf/ inside the package; a checkout (also when installed editable) has it beside the package.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"


def load_config(*overrides: str) -> Config:
    """Compose the config as `gemma-audio OVERRIDES` does.

    Raises ConfigError for a value that is missing; Hydra's own errors for an unknown option or key pass through.
    """
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return to_config(compose(config_name="config", overrides=list(overrides)))


def to_config(node: DictConfig) -> Config:
    """The composed node as plain dataclasses, interpolations resolved and `trainer.max_steps` applied to every stage."""
    try:
        config = cast(Config, OmegaConf.to_object(node))
    except (MissingMandatoryValue, InterpolationResolutionError) as error:
        place = str(getattr(error, "full_key", "") or "config")
        raise ConfigError([Problem(place, str(error).split("\n")[0], f"Set it: {place}=VALUE")]) from None
    config.recipe.stages = {key: _capped(stage, config.trainer.max_steps) for key, stage in config.recipe.stages.items()}
    return config


def _capped(stage: Stage, max_steps: int | None) -> Stage:
    if max_steps is None or max_steps >= stage.steps:
        return stage
    warmup = min(stage.optim.warmup_steps, max_steps // 2)
    return replace(stage, steps=max_steps, optim=replace(stage.optim, warmup_steps=warmup))
