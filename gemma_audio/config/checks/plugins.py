"""Rules for the user's own pieces: plugins that cannot be used, and names that are neither built in nor theirs."""

from __future__ import annotations

from collections.abc import Iterator

from gemma_audio.config.plugins import load
from gemma_audio.config.rules import choice
from gemma_audio.config.schema import Config
from gemma_audio.errors import Problem


def check_plugins(config: Config) -> Iterator[Problem]:
    """What is wrong with the plugins; if nothing is, every objective, corpus and benchmark that nobody defines."""
    plugins = load(config.plugins)
    yield from plugins.problems
    if plugins.problems:
        return  # a name that is unknown may be that of a plugin which could not be read
    for key, stage in config.recipe.stages.items():
        yield from choice(f"recipe.stages.{key}.objective", stage.objective, plugins.names("objective"), "objective")
    yield from choice("data.kind", config.data.kind, plugins.names("corpus"), "corpus")
    yield from choice("evaluation.benchmark", config.evaluation.benchmark, plugins.names("benchmark"), "benchmark")
