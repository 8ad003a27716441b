"""What can be chosen: the schema of conf/, composing it, and the checks that come before any work."""

from gemma_audio.config.checks import check_config, check_sweep
from gemma_audio.config.compose import CONF, load_config, to_config
from gemma_audio.config.schema import Adapter, Config, Data, Evaluation, Mix, Model, Optim, Prompts, Recipe, Stage, Sweep, Trainer

__all__ = [
    "CONF",
    "Adapter",
    "Config",
    "Data",
    "Evaluation",
    "Mix",
    "Model",
    "Optim",
    "Prompts",
    "Recipe",
    "Stage",
    "Sweep",
    "Trainer",
    "check_config",
    "check_sweep",
    "load_config",
    "to_config",
]
