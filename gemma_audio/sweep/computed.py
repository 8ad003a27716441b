"""What the cells of a sweep compute, told without loading anything: two cells of one digest are the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Config, Model
from gemma_audio.errors import GemmaAudioError
from gemma_audio.sweep.code import Code
from gemma_audio.sweep.fingerprint import plain
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.rooms import Rooms
from gemma_audio.sweep.stages import Links

NO_CODE = Code({}, {}, {})  # the same for every cell of a command


@dataclass(frozen=True)
class Computed:
    """A cell, the digest of what it computes, and the digest of what it would compute under any one seed."""

    cell: Cell
    digest: str
    seedless: str

    @property
    def label(self) -> str:
        return f"{self.cell.index}-{self.cell.name}"


def computed(cells: Sequence[Cell], rooms: Rooms) -> list[Computed] | None:
    """What each cell computes; None where a config is too broken to tell."""
    quick = light(rooms)
    try:
        return [Computed(c, _digest(c.config, quick), _digest(_without_seeds(c.config), quick)) for c in cells]
    except (GemmaAudioError, OSError, ValueError, TypeError):
        return None


def light(rooms: Rooms) -> Rooms:
    """`rooms` with the model told by its config alone: the shipped way reads every byte of a folder's weights."""
    return replace(rooms, model_identity=_model)


def _digest(config: Config, rooms: Rooms) -> str:
    links = Links(config, rooms, NO_CODE)
    parent = links.base()
    for stage in config.recipe.stages.values():
        parent = links.stage(stage, parent).ref
    return links.evaluation(parent).ref.fingerprint


def _without_seeds(config: Config) -> Config:
    stages = {key: replace(stage, seed=0) for key, stage in config.recipe.stages.items()}
    return replace(config, recipe=replace(config.recipe, stages=stages))


def _model(model: Model) -> dict[str, Any]:
    """The model's identity by its config alone; the seed counts only where weights are drawn."""
    settings: dict[str, Any] = plain(model)
    if model.weights is not Weights.random:
        settings.pop("init_seed")
    return settings
