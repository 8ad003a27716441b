"""A vision tower that sound never reaches is left out at loading, without a word and without a changed bit."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import Gemma4ForConditionalGeneration
from transformers.models.gemma4 import Gemma4VisionConfig

from gemma_audio.config.schema import Adapter, Model, Savings
from gemma_audio.models import adapters, parts
from gemma_audio.models.load import load
from gemma_audio.models.size import size
from gemma_audio.world.tiny import build_config, build_processor
from gemma_audio.world.tokenizer import build_tokenizer

VISION = r".*vision_tower\.encoder\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)\.linear"


@pytest.fixture(scope="module")
def sighted(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The small model with a vision tower of two layers."""
    folder: Path = tmp_path_factory.mktemp("sighted")
    tokenizer = build_tokenizer()
    config = build_config(tokenizer)
    config.vision_config = Gemma4VisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, head_dim=16,
        global_head_dim=16, use_clipped_linears=True, position_embedding_size=64,
    )  # fmt: skip
    torch.manual_seed(3)
    Gemma4ForConditionalGeneration(config).save_pretrained(folder)
    build_processor(tokenizer, clips=4).save_pretrained(folder)
    return Model(name="sighted", source=str(folder))


def asked(sentence: Tensor) -> dict[str, Tensor]:
    ids = torch.cat([sentence[:, :2], torch.full((2, 10), 12), sentence[:, 2:]], 1)  # 12 is where a sound stands
    sound = torch.randn(2, 40, 64, generator=torch.Generator().manual_seed(1))
    return {"input_ids": ids, "input_features": sound, "input_features_mask": torch.ones(2, 40, dtype=torch.bool)}


def test_nothing_but_the_tower_is_missing(sighted: Model, sentence: Tensor) -> None:
    whole, blind = (load(sighted, (), Savings(without_vision=off))[0] for off in (False, True))
    assert whole.model.vision_tower is not None
    assert (blind.model.vision_tower, blind.model.embed_vision, blind.config.vision_config) == (None, None, None)
    kept = {name: p for name, p in whole.named_parameters() if "vision" not in name}
    assert {name for name, _ in blind.named_parameters()} == set(kept)
    assert all(torch.equal(p, kept[name]) for name, p in blind.named_parameters())
    batch = asked(sentence)
    results = []
    for net in (whole, blind):
        net(**batch, labels=batch["input_ids"]).loss.backward()
        results.append((net(**batch).logits, {n: p.grad for n, p in net.named_parameters() if p.grad is not None}))
    (logits, theirs), (ours, mine) = results
    assert torch.equal(logits, ours)
    assert theirs.keys() == mine.keys()
    assert all(torch.equal(theirs[name], mine[name]) for name in mine)


def test_nobody_is_warned_of_it(sighted: Model, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        load(sighted, (), Savings(without_vision=True))
    assert "vision" not in caplog.text + "".join(capfd.readouterr())


def test_sizes_and_parts_know_the_tower_and_train_none_of_it(sighted: Model) -> None:
    net = load(sighted, (), Savings(without_vision=False))[0]
    assert not any("vision" in name for named in parts.groups(net, list(parts.PARTS)).values() for name, _ in named)
    known = size(sighted)
    assert known is not None
    assert len([name for name in known.linears if name.startswith("model.vision_tower.encoder.")]) == 2 * 7


def test_an_adapter_on_it_learns_nothing_from_sound_and_is_counted(sighted: Model, sentence: Tensor) -> None:
    net = load(sighted, (), Savings(without_vision=False))[0]
    scope = {"vision_tower": VISION, "projector": r".*embed_audio\.embedding_projection"}
    wrapped = adapters.attach(net, Adapter(name="v", rank=2, alpha=4, dropout=0.0, scope=scope))
    optimizer = torch.optim.AdamW([p for p in wrapped.parameters() if p.requires_grad], lr=1e-2)
    batch = asked(sentence)
    net(**batch, labels=batch["input_ids"]).loss.backward()
    optimizer.step()
    assert adapters.modules(wrapped) == {
        "vision_tower": {"adapted": 14, "unmoved": 14}, "projector": {"adapted": 1, "unmoved": 0},
    }  # fmt: skip
