from __future__ import annotations

import torch
from transformers import Gemma4ForConditionalGeneration

from gemma_audio.config.schema import Model
from gemma_audio.models.clipping import skip_unbounded


def outputs(base: Model, *, skip: bool, bound: float | None = None) -> tuple[int, list[torch.Tensor]]:
    tower = Gemma4ForConditionalGeneration.from_pretrained(base.source, dtype=torch.float32).model.audio_tower
    if bound is not None:
        tower.layers[0].lconv1d.linear_start.output_max.fill_(bound)
    skipped = skip_unbounded(tower) if skip else 0
    sound = torch.randn(2, 90, 64, generator=torch.Generator().manual_seed(3))
    heard = tower(sound, torch.ones(2, 90, dtype=torch.bool)).last_hidden_state
    heard.square().sum().backward()
    return skipped, [heard, *(p.grad for p in tower.parameters() if p.grad is not None)]


def agree(stock: list[torch.Tensor], ours: list[torch.Tensor]) -> None:
    """Equal output bits; gradients equal but for the order of summation."""
    assert torch.equal(stock[0], ours[0])
    for theirs, mine in zip(stock[1:], ours[1:], strict=True):
        assert float((theirs - mine).norm()) <= 1e-5 * float(theirs.norm())


def test_without_infinite_clamps_nothing_changes(base: Model) -> None:
    (_, stock), (skipped, ours) = outputs(base, skip=False), outputs(base, skip=True)
    assert skipped == 3 * 10
    agree(stock, ours)


def test_finite_bounds_keep_their_clamp(base: Model) -> None:
    (_, stock), (skipped, ours) = outputs(base, skip=False, bound=0.01), outputs(base, skip=True, bound=0.01)
    assert skipped == 3 * 10 - 1
    agree(stock, ours)
    assert not torch.equal(outputs(base, skip=True)[1][0], ours[0])
