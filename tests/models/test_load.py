from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Model
from gemma_audio.errors import ConfigError, StoreError
from gemma_audio.models import delta
from gemma_audio.models.load import identity, load


def stage(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    delta.save(tensors, folder / "weights")
    return folder


def test_chain_applies_stages_in_order(base: Model, tmp_path: Path) -> None:
    name = "model.embed_audio.embedding_projection.weight"
    net, _ = load(base)
    shape, others = net.get_parameter(name).shape, {n: p.clone() for n, p in net.named_parameters() if n != name}
    chain = [stage(tmp_path / str(value), {name: torch.full(shape, float(value))}) for value in (1, 2)]
    loaded, _ = load(base, chain)
    assert loaded.get_parameter(name).unique().tolist() == [2.0]
    assert all(torch.equal(loaded.get_parameter(n), p) for n, p in others.items())
    assert load(base, chain[::-1])[0].get_parameter(name).unique().tolist() == [1.0]
    assert not loaded.training


def test_foreign_tensors_are_refused(base: Model, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such parameter"):
        load(base, [stage(tmp_path / "a", {"model.ears": torch.ones(1)})])
    with pytest.raises(StoreError, match="shape"):
        load(base, [stage(tmp_path / "b", {"model.embed_audio.embedding_projection.weight": torch.ones(1)})])


def test_dtype_of_the_config_is_the_models(base: Model) -> None:
    half, _ = load(Model(name="half", source=base.source, dtype="bfloat16"))
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}


def test_random_weights_depend_on_the_seed_alone(base: Model) -> None:
    def first(seed: int, noise: int) -> torch.Tensor:
        torch.manual_seed(noise)
        net, _ = load(Model(name="random", source=base.source, weights=Weights.random, init_seed=seed))
        return net.get_parameter("model.embed_audio.embedding_projection.weight")

    assert torch.equal(first(3, 1), first(3, 2))
    assert not torch.equal(first(3, 1), first(4, 1))


def test_no_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="somebody/some-model") as caught:
        load(Model(name="hub", source="somebody/some-model", revision="0" * 40))
    assert "hf download" in str(caught.value)
    assert "model=tiny" in str(caught.value)


def test_folders_that_are_no_gemma4_are_refused(base: Model, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="save_pretrained"):
        load(Model(name="empty", source=str(tmp_path)))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ConfigError, match="'llama' model, not 'gemma4'"):
        load(Model(name="llama", source=str(tmp_path)))


def test_pickled_weights_are_not_opened(base: Model, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(base.source, folder)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ConfigError, match="safetensors"):
        load(Model(name="pickled", source=str(folder)))


def test_identity_follows_the_bytes_of_a_folder(base: Model, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(base.source, folder)
    copy = Model(name="copy", source=str(folder))
    first = identity(copy)
    assert first == identity(base)  # the place does not count
    config = folder / "config.json"
    config.write_text(config.read_text() + " ")
    assert identity(copy) != first


def test_identity_of_a_hub_model_needs_a_revision() -> None:
    assert identity(Model(name="e4b", source="google/gemma", revision="abc"))["revision"] == "abc"
    with pytest.raises(ConfigError, match=r"model\.revision"):
        identity(Model(name="e4b", source="google/gemma"))


def test_identity_of_random_weights_is_their_seed() -> None:
    seeds = [identity(Model(name="r", source="embedded", weights=Weights.random, init_seed=seed)) for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]
