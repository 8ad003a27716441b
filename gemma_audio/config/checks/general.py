"""Rules for what is no group of its own: names, the output folder, trainer, engine and trackers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gemma_audio.config.kinds import Accelerator
from gemma_audio.config.rules import at_least, choice, not_writable
from gemma_audio.config.schema import Config
from gemma_audio.errors import Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PRECISIONS = ("32-true", "bf16-mixed")
FOLDERS = ("", "store", "runs", "sweeps")
WANDB_MODES = ("offline", "online")


def check_general(config: Config) -> Iterator[Problem]:
    """Names that cannot name folders, an output folder that cannot be written, settings of trainer, engine and trackers."""
    for place, name in (("name", config.name), ("recipe.name", config.recipe.name)):
        if not NAME.fullmatch(name):
            yield Problem(place, f"'{name}' cannot name a folder", "Use letters, digits, '.', '_' and '-'.")
    if problem := next(filter(None, (not_writable(Path(config.out, name)) for name in FOLDERS)), ""):
        yield Problem("out", problem, "Choose a folder that you may write to: out=FOLDER")
    yield from choice("trainer.precision", config.trainer.precision, PRECISIONS)
    yield from at_least("trainer.threads", config.trainer.threads, 1)
    if config.trainer.accelerator is not Accelerator.gpu and config.trainer.threads is None:
        message = "null, but on a CPU the number of threads decides the last bits of every sum"
        yield Problem("trainer.threads", message, "trainer.threads=1")
    yield from at_least("trainer.max_steps", config.trainer.max_steps, 1)
    yield from at_least("engine.parallel", config.engine.parallel, 1)
    for key, tracker in config.tracker.items():
        yield from choice(f"tracker.{key}.mode", tracker.mode, (*WANDB_MODES, None))
