"""The last stage put onto the model: asked with the adapter applied, merged layer by layer, and asked again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from gemma_audio.config.schema import Savings
from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.models import adapters, delta
from gemma_audio.models.export import fidelity, stock
from gemma_audio.models.export.base_files import tensor_names
from gemma_audio.models.export.questions import questions
from gemma_audio.models.export.source import Source, adapted
from gemma_audio.models.load import load

WHOLE = Savings(name="none", without_vision=False, host_embedding=False)


@dataclass
class Merged:
    """The whole model with every stage in it, what rounding lost, and the answers with the adapter applied and merged."""

    net: Any
    processor: Any
    asked: list[dict[str, Any]]
    waves: list[torch.Tensor]
    losses: list[fidelity.Loss] = field(default_factory=list)
    applied: stock.Answers | None = None
    answers: stock.Answers | None = None


def merged(source: Source) -> Merged:
    """Load the base whole, apply the stages and merge; one copy of the model is held, in `source.dtype`.

    What earlier stages trained in full was float32 when the next one was trained, and is rounded here; their adapters were merged
    and rounded then. The answers with the adapter applied are those of the last stage, on top of what is rounded.
    """
    net, processor = load(replace(source.model, dtype=source.dtype), (), WHOLE)
    _round(net.parameters(), source.model.dtype)
    found = Merged(net, processor, *questions(processor, source.evaluation))
    for folder in source.chain[:-1]:
        _earlier(found, source, folder / "weights")
    if (source.last / delta.FILE).exists():
        _replace(found, source.last)
    if (source.last / "adapter").exists():
        _merge(found, source)
    found.answers = stock.ask(found.net, processor, found.asked, found.waves)
    if not torch.isfinite(found.answers.logits).all():
        place = Problem(
            str(source.last), "the merged model's logits are not finite", "see the stage's metrics.csv; train it again"
        )
        raise GemmaAudioError(str(place))
    return found


def _earlier(found: Merged, source: Source, weights: Path) -> None:
    """Apply a stage as the next one was trained on it, but for the rounding of what it trained in full."""
    if (weights / delta.FILE).exists():
        _replace(found, weights)
    if (weights / "adapter").exists():
        found.net = adapters.apply(found.net, weights / "adapter")
        parameters = dict(found.net.named_parameters())
        _round((parameters[name] for name in adapted(weights)), source.model.dtype)


@torch.no_grad()
def _round(parameters: Iterable[torch.Tensor], dtype: str) -> None:
    """Give every weight the value that it has in `dtype`."""
    for parameter in parameters:
        parameter.copy_(parameter.to(getattr(torch, dtype)))


@torch.no_grad()
def _replace(found: Merged, weights: Path) -> None:
    """Put the tensors that were trained in full in their place, one at a time."""
    parameters = dict(found.net.named_parameters())
    with safe_open(weights / delta.FILE, framework="pt") as file:
        names = tensor_names(weights / delta.FILE)
        before = {name: parameters[name].clone() for name in names if name in parameters}
        delta.apply(found.net, weights)
        for name, old in before.items():
            found.losses.append(fidelity.loss(name, old, file.get_tensor(name), parameters[name]))


def _merge(found: Merged, source: Source) -> None:
    wrapped = adapters.read(found.net, source.last / "adapter").eval()
    found.applied = stock.ask(wrapped.get_base_model(), found.processor, found.asked, found.waves)

    def observe(name: str, before: torch.Tensor, exact: torch.Tensor, rounded: torch.Tensor) -> None:
        found.losses.append(fidelity.loss(f"{name}.weight", before, exact, rounded))

    try:
        found.net = adapters.merge(wrapped, observe)
    except ValueError as error:  # PEFT's check that every merged weight is finite
        problem = Problem(str(source.last / "adapter"), str(error).splitlines()[0], "the stage diverged: train it again")
        raise GemmaAudioError(str(problem)) from error
