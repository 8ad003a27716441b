"""In a bfloat16 model what training made is answered from as it is, not as it would be after rounding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft.tuners.lora import LoraLayer

from gemma_audio.config.schema import Adapter, Model, Savings
from gemma_audio.models import adapters, delta
from gemma_audio.models.dora.layer import FactoredDora
from gemma_audio.models.load import load

LANGUAGE = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
SMALL = 3e-4
"""An update of this size relative to a weight is below bfloat16's half step of 2e-3."""


@pytest.fixture
def low(base: Model) -> Model:
    return replace(base, dtype="bfloat16")


@pytest.fixture
def adapted(base: Model, tmp_path: Path) -> Path:
    """A stage whose DoRA changes each weight by little."""
    wrapped = adapters.attach(load(base)[0], Adapter(name="a", rank=4, alpha=4, scope={"language_model": LANGUAGE}))
    generator = torch.Generator().manual_seed(5)
    for layer in wrapped.modules():
        if isinstance(layer, LoraLayer):
            a, b = layer.lora_A["default"].weight.data, layer.lora_B["default"].weight.data
            b.normal_(generator=generator)
            size = float((b @ a).norm() / layer.get_base_layer().weight.norm())
            b.mul_(SMALL / size)
    adapters.save(wrapped, tmp_path / "weights" / "adapter", "base")
    return tmp_path


def logits(net: Any, sentence: torch.Tensor) -> torch.Tensor:
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return net(input_ids=sentence).logits.float()


@pytest.mark.parametrize("factored", [True, False])
def test_an_adapter_stays_beside_a_bfloat16_model(low: Model, adapted: Path, sentence: torch.Tensor, factored: bool) -> None:
    savings = replace(Savings(name="some"), factored_dora=factored)
    net, _ = load(low, [adapted], savings, merged=False)
    layers = [layer for layer in net.modules() if isinstance(layer, LoraLayer)]
    assert layers
    assert all(isinstance(layer, FactoredDora) is factored for layer in layers)
    assert {layer.lora_A["default"].weight.dtype for layer in layers} == {torch.float32}
    layer = net.model.language_model.layers[0].mlp.down_proj
    if not factored:
        weight, update = layer.get_base_layer().weight.float(), layer.get_delta_weight("default")
        assert float(update.norm() / weight.norm()) == pytest.approx(SMALL, rel=0.05)
    merged = load(low, [adapted])[0].model.language_model.layers[0].mlp.down_proj
    assert torch.isfinite(logits(net, sentence)).all()
    kept = float((merged.weight == layer.get_base_layer().weight).float().mean())
    assert kept > 0.5, "most weights of the merged layer never moved"


def test_a_float32_model_is_merged_whatever_is_asked(base: Model, adapted: Path, sentence: torch.Tensor) -> None:
    beside, merged = load(base, [adapted], merged=False, rounded=False)[0], load(base, [adapted])[0]
    assert not any(isinstance(layer, LoraLayer) for layer in beside.modules())
    assert torch.equal(beside(input_ids=sentence).logits, merged(input_ids=sentence).logits)


def test_only_the_last_adapter_stays_beside(low: Model, adapted: Path) -> None:
    net, _ = load(low, [adapted, adapted], merged=False)
    layers = [layer for layer in net.modules() if isinstance(layer, LoraLayer)]
    assert {len(layer.lora_A) for layer in layers} == {1}


def test_tensors_trained_in_full_keep_float32(low: Model, base: Model, tmp_path: Path) -> None:
    name = "model.embed_audio.embedding_projection.weight"
    trained = dict(load(base)[0].named_parameters())[name].detach() * (1 + SMALL)
    delta.save({name: trained}, tmp_path / "weights")
    kept, rounded = (dict(load(low, [tmp_path], rounded=r)[0].named_parameters())[name] for r in (False, True))
    assert kept.dtype == torch.float32
    assert torch.equal(kept, trained)
    assert rounded.dtype == torch.bfloat16
    assert not torch.equal(rounded.float(), trained)


def test_a_fresh_adapter_changes_no_weight_of_a_bfloat16_model(low: Model) -> None:
    wrapped = adapters.attach(load(low)[0], Adapter(name="a", rank=4, alpha=4, scope={"language_model": LANGUAGE}))
    layers = [layer for layer in wrapped.modules() if isinstance(layer, LoraLayer)]
    assert layers
    for layer in layers:
        magnitude = layer.lora_magnitude_vector["default"].weight
        assert magnitude.dtype == torch.float32
        assert magnitude.requires_grad
        assert torch.allclose(magnitude, layer.get_base_layer().weight.double().norm(dim=1).float(), rtol=1e-6)
