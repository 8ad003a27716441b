"""Each way of leaving prompt positions out gives the stock loss and gradients, and is really taken."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch

from gemma_audio.config.schema import Savings
from gemma_audio.data.collate import IGNORED
from gemma_audio.errors import GemmaAudioError
from gemma_audio.models import pruning
from gemma_audio.training.loss import answer_loss, pruned
from gemma_audio.world.tiny import build_model

CPU = torch.device("cpu")
ALL = Savings(name="all")
ANSWER = 5
LENGTHS = {"one row": [40], "equal lengths": [40, 40], "padded": [40, 23, 31]}


@pytest.fixture(scope="module", params=["sdpa", "eager"])
def net(request: pytest.FixtureRequest) -> Any:
    made, _ = build_model(7)
    made.model.language_model.config._attn_implementation = request.param
    made.requires_grad_(False)
    made.model.language_model.layers.requires_grad_(True)
    return made.train()


def batch(lengths: list[int]) -> dict[str, torch.Tensor]:
    """Left-padded rows of random words (no sound), the last few of each supervised."""
    generator = torch.Generator().manual_seed(11)
    width = max(lengths)
    ids = torch.zeros(len(lengths), width, dtype=torch.long)
    attention, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORED)
    for row, length in enumerate(lengths):
        ids[row, width - length :] = torch.randint(20, 200, (length,), generator=generator)
        attention[row, width - length :] = 1
        labels[row, width - ANSWER + row :] = ids[row, width - ANSWER + row :]
    return {"input_ids": ids, "attention_mask": attention, "labels": labels}


def stock(net: Any, given: dict[str, torch.Tensor]) -> torch.Tensor:
    """The sum that transformers' own loss is the mean of."""
    position_ids = (given["attention_mask"].cumsum(1) - 1).clamp(min=0)
    mean: torch.Tensor = net(**given, position_ids=position_ids, use_cache=False).loss
    return mean * (given["labels"][:, 1:] != IGNORED).sum()


def gradients(net: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    net.zero_grad(set_to_none=True)
    loss.backward()
    return {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(("supervised", "prune"), product([True, False], [True, False]))
def test_loss_and_gradients_are_the_stock_ones(net: Any, lengths: list[int], supervised: bool, prune: bool) -> None:
    given = batch(lengths)
    whole = stock(net, given)
    expected = gradients(net, whole)
    ours = answer_loss(net, given, CPU, replace(ALL, supervised_logits=supervised, shared_kv_pruning=prune))
    found = gradients(net, ours)
    assert float(ours.detach()) == pytest.approx(float(whole.detach()), rel=1e-6)
    assert found.keys() == expected.keys()
    worst = max(float((found[name] - grad).norm() / grad.norm().clamp_min(1e-12)) for name, grad in expected.items())
    assert worst < 1e-5


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_prompt_positions_leave_before_the_layers_that_share_keys(net: Any, lengths: list[int]) -> None:
    widths: list[int] = []
    hooks = [
        layer.register_forward_hook(lambda _, inputs, output: widths.append(output.shape[1]))
        for layer in net.model.language_model.layers
    ]
    answer_loss(net, batch(lengths), CPU, ALL)
    answer_loss(net, batch(lengths), CPU, replace(ALL, shared_kv_pruning=False))
    for hook in hooks:
        hook.remove()
    assert widths == [40, 40, ANSWER + 1, ANSWER + 1, 40, 40, 40, 40]


def test_without_masks_transformers_prunes_nothing_in_a_batch_of_one() -> None:
    net, _ = build_model(7)
    given = batch([40])
    del given["labels"]
    hidden = net.model(**given, use_cache=False, logits_to_keep=6).last_hidden_state
    assert hidden.shape[1] == 40, "the masks of models/pruning.py are no longer needed"


def test_where_pruning_is_not_exact_it_is_left_out_and_the_reason_said() -> None:
    net, _ = build_model(7)
    assert pruning.obstacle(net) == ""
    assert pruned(net, ALL)
    text = net.config.get_text_config()
    text._attn_implementation = "flash_attention_2"
    assert "flash_attention_2" in pruning.obstacle(net)
    assert not pruned(net, ALL)
    text._attn_implementation, text.output_hidden_states = "sdpa", True
    assert "every position" in pruning.obstacle(net)
    text.output_hidden_states, text.num_kv_shared_layers = False, 0
    assert "share keys" in pruning.obstacle(net)


def test_a_transformers_that_does_not_prune_is_an_error() -> None:
    with pytest.raises(GemmaAudioError, match="shared_kv_pruning=false"):
        pruning.check_active(40, 6)
