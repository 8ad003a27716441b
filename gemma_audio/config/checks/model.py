"""Rules for the model: its source, its revision, its number format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gemma_audio.config.kinds import Architecture, Weights
from gemma_audio.config.rules import choice
from gemma_audio.config.schema import Config
from gemma_audio.errors import Problem

DTYPES = ("float32", "bfloat16")
COMMIT = re.compile(r"[0-9a-f]{40}")


def check_model(config: Config) -> Iterator[Problem]:
    """A source that is not there or not pinned, a number format that is unknown or that the trainer cannot train."""
    model = config.model
    yield from choice("model.dtype", model.dtype, DTYPES)
    if model.source.startswith("architecture:"):
        yield from _architecture(config)
        return
    is_folder = model.source.startswith((".", "/", "~")) or Path(model.source).is_dir()
    if is_folder and not Path(model.source).expanduser().is_dir():
        yield Problem(
            "model.source", f"folder '{model.source}' not found", "Give an existing folder or a Hub id, or take model=tiny"
        )
    if model.source != "embedded" and not is_folder and not COMMIT.fullmatch(model.revision or ""):
        given = f"'{model.revision}'" if model.revision else "null"
        message = f"{given} does not pin '{model.source}': a revision that moves would let old results pass for new ones"
        yield Problem("model.revision", message, "Give the 40 hexadecimal digits of a commit: model.revision=COMMIT")
    yield from _precision(config)


def _architecture(config: Config) -> Iterator[Problem]:
    """An architecture that is not known, or one that is asked for weights it does not have."""
    yield from choice("model.source", config.model.source, tuple(Architecture))
    if config.model.weights is not Weights.random:
        yield Problem("model.weights", f"'{config.model.source}' has no pretrained weights", "model.weights=random")
    yield from _precision(config)


def _precision(config: Config) -> Iterator[Problem]:
    if config.model.dtype == "bfloat16" and config.trainer.precision == "32-true" and config.recipe.stages:
        message = "32-true cannot train parts or adapters in float32 on a model in bfloat16"
        yield Problem("trainer.precision", message, "Type trainer.precision=bf16-mixed or model.dtype=float32")
