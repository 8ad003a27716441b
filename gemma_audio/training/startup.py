"""Before step 1 a run really does what could end it at step 200: its worst batch, an evaluation batch and a checkpoint.

None of it changes a weight, a gradient or a random number. What the optimizer keeps from the first step on is held meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gemma_audio.config.savings import missing
from gemma_audio.config.schema import Savings, Stage
from gemma_audio.errors import GemmaAudioError
from gemma_audio.evaluation.memory import Batches
from gemma_audio.evaluation.methods.batch import inputs, prefill
from gemma_audio.evaluation.prediction import Query
from gemma_audio.models import memory

if TYPE_CHECKING:
    from gemma_audio.training.module import StageModule

NAME = "try-out.pt"
"""A checkpoint that no run goes on from: those of steps are named step-NUMBER.pt."""

MOMENTS = 2
AT_ONCE = 16
"""Prompts of an evaluation batch."""


def remedy(stage: Stage, savings: Savings) -> str:
    """What to type where not even one row fits."""
    wanted = [] if stage.checkpointing else ["stage.checkpointing=true"]
    wanted += [f"trainer.savings.{name}=true" for name in missing(savings)]
    return ", ".join([*wanted, "a smaller model or shorter clips"]) + " would take less"


def try_out(module: StageModule) -> None:
    """Do all three, the dearest first. Raises GemmaAudioError, with what to type, where one cannot be done."""
    moments = _moments(module)
    rows = module.worst()
    module.probe(rows)
    if not (module.probe_every and module.start == 0):  # else the probe has just answered
        _answer(module, [row for row in rows if hasattr(row, "prompt")])
    _save(module, moments)
    del moments
    memory.release()


def _moments(module: StageModule) -> list[Tensor]:
    """What AdamW keeps of every trained tensor; nothing where it is there already, since the run goes on."""
    if module.start:
        return []
    return [torch.empty_like(p, requires_grad=False) for p in module.trained().values() for _ in range(MOMENTS)]


def _answer(module: StageModule, rows: Sequence[Any]) -> None:
    """Answer the prompts of `rows`; as in an evaluation, half as many at a time where they do not fit, and one at least."""
    longest = [_query(row) for row in sorted(rows, key=lambda row: len(row.prompt), reverse=True)[:AT_ONCE]]

    def work(part: Sequence[Query]) -> list[Query]:
        prefill(module.base, inputs(module.base, module.examples.encoder, part), use_cache=True)
        return list(part)

    with _evaluating(module):
        Batches(AT_ONCE).run(longest, work)


def _query(row: Any) -> Query:
    return Query(None, replace(row, answer=[]))  # type: ignore[arg-type]


@contextmanager
def _evaluating(module: StageModule) -> Iterator[None]:
    module.eval()
    try:
        with module.precision(), torch.no_grad():
            yield
    finally:
        module.train()


def _save(module: StageModule, moments: list[Tensor]) -> None:
    """Write a checkpoint of full size where the real ones go, and remove it."""
    folder = module.checkpoints.folder
    optimizer: Any = module.optimizers()
    state = {"tensors": [p.data for p in module.trained().values()], "optimizer": [optimizer.optimizer.state_dict(), moments]}
    try:
        module.checkpoints.save_checkpoint(state, folder / NAME)
    except (OSError, RuntimeError) as error:  # torch's writer turns a full disk into a RuntimeError
        raise GemmaAudioError(_unsaved(module, error)) from error
    finally:
        module.checkpoints.remove_checkpoint(folder / NAME)


def _unsaved(module: StageModule, error: Exception) -> str:
    folder = module.checkpoints.folder
    size = sum(p.nbytes for p in module.trained().values()) * (1 + MOMENTS) / 1e9
    free = shutil.disk_usage(folder).free / 1e9
    return (
        f"stage {module.stage.name}: a checkpoint of {size:.2f} GB cannot be written to {folder} ({free:.2f} GB free): "
        f"{str(error).splitlines()[0]}; free some room there, or choose another place with out=FOLDER"
    )
