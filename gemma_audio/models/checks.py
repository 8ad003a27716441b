"""What a model cannot give a stage, told from the headers of its files: layers and modules that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from gemma_audio.config.checks.parts import check_layers
from gemma_audio.config.schema import Config, Model, Stage
from gemma_audio.errors import Problem
from gemma_audio.models.size import Size, size


def problems(config: Config) -> list[Problem]:
    """Problems of all stages; none where the model's size is not known before it is loaded."""
    known = _size(config.model.source, config.model.revision) if config.recipe.stages else None
    if known is None:
        return []
    stages = config.recipe.stages.items()
    return [problem for key, stage in stages for problem in _stage(f"recipe.stages.{key}", stage, known)]


@lru_cache(maxsize=8)
def _size(source: str, revision: str | None) -> Size | None:
    return size(Model(name="", source=source, revision=revision))


def _stage(place: str, stage: Stage, known: Size) -> Iterator[Problem]:
    yield from check_layers(f"{place}.trains", stage.trains, {name: part.layers for name, part in known.parts.items()})
    if stage.adapter is not None and known.linears and not _matches(stage.adapter.target, known):
        message = f"'{stage.adapter.target}' matches none of the model's linear layers, such as {next(iter(known.linears))}"
        yield Problem(f"{place}.adapter.target", message, f"adapter@{place}.adapter=dora_lm")


def _matches(target: str, known: Size) -> bool:
    try:
        pattern = re.compile(target)
    except re.error:  # the config's checks say so
        return True
    return any(pattern.fullmatch(name) for name in known.linears)
