"""What a model cannot give a stage, told from the headers of its files: layers and modules that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from gemma_audio.config.checks.parts import check_layers
from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import ADAPTED, Config, Model, Stage
from gemma_audio.errors import Problem
from gemma_audio.models import processor_files, weight_files
from gemma_audio.models.identity import local_folder
from gemma_audio.models.scope import check_scope
from gemma_audio.models.size import Size, size


def problems(config: Config) -> list[Problem]:
    """Problems of the model's files and of all stages; none where these files are not on this machine."""
    model = config.model
    found = list(_files(model.source, model.weights is Weights.random))
    known = _size(config.model.source, config.model.revision) if config.recipe.stages else None
    if known is None:
        return found
    stages = config.recipe.stages.items()
    return found + [problem for key, stage in stages for problem in _stage(f"recipe.stages.{key}", stage, known)]


@lru_cache(maxsize=8)
def _size(source: str, revision: str | None) -> Size | None:
    return size(Model(name="", source=source, revision=revision))


@lru_cache(maxsize=8)
def _files(source: str, random: bool) -> tuple[Problem, ...]:
    """What is missing or damaged of a model that is a folder; what lacks of a Hub model is fetched when it is loaded."""
    folder = local_folder(source)
    if folder is None or not folder.is_dir():
        return ()
    return (*processor_files.problems(folder), *(() if random else weight_files.problems(folder)))


def _stage(place: str, stage: Stage, known: Size) -> Iterator[Problem]:
    yield from check_layers(f"{place}.trains", stage.trains, {name: part.layers for name, part in known.parts.items()})
    scope = stage.adapter.scope if stage.adapter else {}
    regular = {part: expression for part, expression in scope.items() if part in ADAPTED and _is_regular(expression)}
    if known.linears:
        yield from check_scope(f"{place}.adapter.scope", regular, known.linears)


def _is_regular(expression: str) -> bool:
    """Whether it is a regular expression; the config's checks say where one is none."""
    try:
        re.compile(expression)
    except re.error:
        return False
    return True
