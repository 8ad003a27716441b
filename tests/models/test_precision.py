from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import Gemma4ForConditionalGeneration

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Model
from gemma_audio.models.load import load
from gemma_audio.models.precision import cast


def formats(net: torch.nn.Module) -> dict[str, torch.dtype]:
    return {name: tensor.dtype for name, tensor in [*net.named_parameters(), *net.named_buffers()]}


def test_a_cast_model_has_the_formats_of_a_loaded_one(base: Model) -> None:
    """The oracle is transformers' own loading in bfloat16, whose rotary frequencies stay as they are."""
    stock = Gemma4ForConditionalGeneration.from_pretrained(base.source, dtype=torch.bfloat16)
    whole = Gemma4ForConditionalGeneration.from_pretrained(base.source, dtype=torch.float32)
    assert formats(cast(whole, torch.bfloat16)) == formats(stock)
    assert torch.equal(
        whole.model.language_model.rotary_emb.full_attention_inv_freq,
        stock.model.language_model.rotary_emb.full_attention_inv_freq,
    )


@pytest.mark.parametrize("weights", list(Weights))
@pytest.mark.parametrize("source", ["embedded", "folder"])
def test_every_way_of_loading_keeps_the_frequencies(base: Model, source: str, weights: Weights) -> None:
    net, _ = load(replace(base, source=source if source == "embedded" else base.source, weights=weights, dtype="bfloat16"))
    found = formats(net)
    assert {dtype for name, dtype in found.items() if name.endswith("inv_freq")} == {torch.float32}
    assert {p.dtype for p in net.parameters()} == {torch.bfloat16}
