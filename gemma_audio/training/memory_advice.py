"""What would make a stage fit that does not: every change is computed, none is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from gemma_audio.config.savings import missing
from gemma_audio.config.schema import Trainer
from gemma_audio.training.memory_plan import Case, lines, total

WORTH = 50_000_000
"""Bytes that a change must save to be named."""


@dataclass(frozen=True)
class Advice:
    """What to type, and the bytes that it saves on the device."""

    override: str
    bytes: int


def device_bytes(trainer: Trainer) -> int | None:
    """Return the memory of the GPU that is here or of the one declared, the smaller of both; None where there is neither."""
    sizes = [] if trainer.memory_gb is None else [round(1e9 * trainer.memory_gb)]
    if torch.cuda.is_available():
        sizes.append(int(torch.cuda.get_device_properties(0).total_memory))
    return min(sizes, default=None)


def advice(case: Case, needed: int, place: str) -> list[Advice]:
    """Return what lowers `needed`, the largest effect first; `place` is where the stage stands in the config."""
    found = [Advice(override, needed - total(lines(changed))) for override, changed in _changes(case, place)]
    return sorted((one for one in found if one.bytes >= WORTH), key=lambda one: -one.bytes)


def _changes(case: Case, place: str) -> Iterator[tuple[str, Case]]:
    for name in missing(case.trainer.savings):
        yield f"trainer.savings.{name}=true", case.saving(name)
    if not case.stage.checkpointing:
        yield f"{place}.checkpointing=true", replace(case, stage=replace(case.stage, checkpointing=True))
    if case.shape.rows > 1:
        half = case.shape.rows // 2
        yield f"{place}.micro_batch_size={half}", replace(case, shape=replace(case.shape, rows=half))
