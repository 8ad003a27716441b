"""Adapters inside the audio tower: every tensor learns, and the tower's output is not taken from a cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from training_cases import gradients, make_module, make_stage, train

from gemma_audio.config import load_config
from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Adapter, Model
from gemma_audio.models.load import load

FROZEN = {"dora_lm": True, "dora_published": False, "dora_audio": False}


def scope(name: str) -> Adapter:
    adapter = load_config("recipe=v3", f"adapter@recipe.stages.adapter.adapter={name}").recipe.stages["adapter"].adapter
    assert adapter is not None
    return replace(adapter, rank=2, alpha=4)


@pytest.mark.parametrize("name", FROZEN)
def test_every_trained_tensor_gets_a_gradient(base: Model, data: Path, name: str) -> None:
    module = make_module(make_stage(Objective.qa, adapter=scope(name)), base, data)
    assert module.trainables.hears_frozen() == FROZEN[name]
    module._gradients(0, module.examples.rows(0))
    assert set(gradients(module)) == set(module.trained())


@pytest.mark.parametrize("name", FROZEN)
def test_only_a_frozen_tower_is_heard_once_and_every_adapter_learns(base: Model, data: Path, tmp_path: Path, name: str) -> None:
    record = train(make_stage(Objective.qa, adapter=scope(name), steps=2), base, data, tmp_path)
    assert record["savings"]["cached_features"] == FROZEN[name]
    assert bool(record["features"].get("written")) == FROZEN[name]
    saved = load_file(tmp_path / "weights" / "adapter" / "adapter_model.safetensors")
    moved = [bool(tensor.abs().max() > 0) for key, tensor in saved.items() if "lora_B" in key]  # starts at zero
    assert moved
    assert all(moved)


def test_an_adapted_tower_is_merged_into_what_the_next_stage_hears(base: Model, data: Path, tmp_path: Path) -> None:
    train(make_stage(Objective.qa, adapter=scope("dora_audio"), steps=2), base, data, tmp_path)
    before, after = (load(base, chain)[0].model for chain in ([], [tmp_path]))
    frames, mask = torch.randn(1, 40, 64, generator=torch.Generator().manual_seed(0)), torch.ones(1, 40, dtype=torch.bool)
    with torch.no_grad():
        heard = [net.audio_tower(frames, mask).last_hidden_state for net in (before, after)]
    assert (heard[0] - heard[1]).abs().max() > 1e-4
    names = {n for n, p in before.named_parameters() if not torch.equal(p, after.get_parameter(n))}
    assert all(n.startswith(("audio_tower.layers.", "embed_audio.")) for n in names)
    assert len(names) == 3 * 10 + 1
