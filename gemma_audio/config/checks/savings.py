"""Rules for the savings: what a stage trains must not be what a saving takes away."""

from __future__ import annotations

from collections.abc import Iterator

from gemma_audio.config.schema import Savings, Stage
from gemma_audio.errors import Problem

PLACE = "trainer.savings"
TABLE, VISION = "per_layer_embedding", "vision_tower"


def check_savings(place: str, stage: Stage, savings: Savings) -> Iterator[Problem]:
    """A table that lies on the host but is to be trained, and a vision tower that is adapted but not loaded."""
    if savings.host_embedding and TABLE in stage.trains:
        message = f"keeps the {TABLE} table frozen on the host, but {place}.trains it"
        yield Problem(f"{PLACE}.host_embedding", message, f"{PLACE}.host_embedding=false")
    if savings.without_vision and stage.adapter is not None and VISION in stage.adapter.scope:
        message = f"leaves the {VISION} out, but {place}.adapter.scope adapts it"
        yield Problem(f"{PLACE}.without_vision", message, f"{PLACE}.without_vision=false")
