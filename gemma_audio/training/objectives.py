"""The stage modules by objective: the built-in ones, and a plugin's own."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from gemma_audio.config.kinds import Objective
from gemma_audio.config.plugins import Piece, load
from gemma_audio.errors import Problem
from gemma_audio.training.adapter import AdapterTune
from gemma_audio.training.alignment import Alignment
from gemma_audio.training.attributes import AttributeWarmup
from gemma_audio.training.encoder import EncoderRetrain
from gemma_audio.training.module import StageModule

MODULES: dict[str, type[Any]] = {
    Objective.caption: EncoderRetrain,
    Objective.qa: AdapterTune,
    Objective.attributes: AttributeWarmup,
    Objective.alignment: Alignment,
}
WRITTEN = ("loss_sum", "weight")
"""What a StageModule leaves to its subclass."""


def module_class(objective: str, plugins: Sequence[str] = ()) -> type[Any]:
    """The class that trains a stage of `objective`: called with (net, stage, corpus, encoder, steps), and savings."""
    modules: dict[str, type[Any]] = {**MODULES, **load(plugins).own("objective")}
    return modules[objective]


def takes_savings(module: type[Any]) -> bool:
    """Whether the class has a parameter `savings`; without it the defaults of Savings hold."""
    return "savings" in inspect.signature(module).parameters


def problems(piece: Piece) -> Iterator[Problem]:
    """What is wrong with a plugin's class: not a StageModule, or one without a loss."""
    place = f"plugins.{piece.plugin}.OBJECTIVES[{piece.name!r}]"
    if not issubclass(piece.value, StageModule):
        remedy = "Derive it from StageModule (gemma_audio.training.module) or AnswerModule (gemma_audio.training.answers)."
        yield Problem(place, f"{piece.value.__name__} is no StageModule", remedy)
        return
    for name in WRITTEN:
        if getattr(piece.value, name) is getattr(StageModule, name):
            remedy = "Write it, or derive from AnswerModule, which has it for prompts and answers."
            yield Problem(place, f"{piece.value.__name__} has no {name} of its own", remedy)
