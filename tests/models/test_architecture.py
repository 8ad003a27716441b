"""Our figures of Gemma 4 E4B against transformers' own classes, and where there is one, against its config.json."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import Gemma4AudioFeatureExtractor, Gemma4Config

from gemma_audio.config import load_config
from gemma_audio.config.kinds import Architecture, Weights
from gemma_audio.config.schema import Model, Optim, Savings, Stage
from gemma_audio.data.encoder import Encoder
from gemma_audio.models import host_embedding, parts
from gemma_audio.models.architecture import BY_SOURCE, E4B
from gemma_audio.models.load import identity, load
from gemma_audio.models.size import E4B as SIZE
from gemma_audio.models.untrained import build_net, build_processor
from gemma_audio.training.trainables import Trainables

FILE = "GEMMA4_E4B_CONFIG"
MODEL = Model(name="e4b", source=Architecture.gemma4_e4b, weights=Weights.random, dtype="bfloat16")
WHOLE = Savings(without_vision=False)


@pytest.fixture(scope="module")
def net() -> Any:
    return build_net(E4B, device="meta")


def prefixed(net: Any, prefix: str) -> int:
    return sum(p.numel() for name, p in net.named_parameters() if name.startswith(prefix))


def flat(node: Any, place: str = "") -> dict[str, Any]:
    if not isinstance(node, dict):
        return {place: node}
    return {key: value for name, inner in node.items() for key, value in flat(inner, f"{place}.{name}").items()}


@pytest.mark.skipif(FILE not in os.environ, reason=f"set {FILE} to the config.json of google/gemma-4-E4B-it to compare with it")
def test_every_field_is_that_of_the_config_file() -> None:
    theirs = Gemma4Config.from_dict(json.loads(Path(os.environ[FILE]).read_text())).to_dict()
    assert flat(E4B.config().to_dict()) == flat(theirs)


def test_the_parameters_of_every_part(net: Any) -> None:
    """The total with the dead keys and values of shared layers (55,055,616) and 42 layer scalars is the Hub's 7,996,156,490."""
    counted = {
        prefix: prefixed(net, f"model.{prefix}.") for prefix in ("audio_tower", "embed_audio", "vision_tower", "embed_vision")
    }
    assert counted == {
        "audio_tower": 304_824_608, "embed_audio": 3_932_160, "vision_tower": 167_364_608, "embed_vision": 1_966_080,
    }  # fmt: skip
    assert prefixed(net, "model.language_model.layers.") == 3_945_824_512
    assert prefixed(net, "model.language_model.embed_tokens_per_layer.") == 2_818_572_288
    total = sum(p.numel() for p in net.parameters())
    assert total == 7_941_100_832
    assert total + 55_055_616 + 42 == 7_996_156_490


def test_the_table_of_linear_layers_is_the_models(net: Any) -> None:
    found = {name: tuple(m.weight.shape) for name, m in net.named_modules() if isinstance(m, nn.Linear)}
    assert found.pop("lm_head") == (262_144, 2560)  # the tied head takes no adapter
    assert E4B.linears() == found


def test_sizes_told_before_loading_are_the_models(net: Any) -> None:
    for part, known in SIZE.parts.items():
        (named,) = parts.groups(net, [part]).values()
        assert known.layered + known.rest == sum(p.numel() for _, p in named)
    assert parts.layers(name for name, _ in net.named_parameters()) == {"audio_tower": 12, "language_model": 42}


@pytest.mark.parametrize(
    ("entry", "modules"),
    [
        ("language_model.layers[22:24]", ["language_model.layers.22.", "language_model.layers.23."]),
        ("audio_tower.layers[-1]", ["audio_tower.layers.11."]),
        ("audio_tower.rest", ["audio_tower.subsample_conv_projection.", "audio_tower.output_proj."]),
        ("projector", ["embed_audio."]),
        ("per_layer_embedding", ["language_model.embed_tokens_per_layer."]),
    ],
)
def test_entries_of_trains_name_tensors_of_e4b(net: Any, entry: str, modules: list[str]) -> None:
    (named,) = parts.groups(net, [entry]).values()
    expected = {name for name, _ in net.named_parameters() if name.startswith(tuple(f"model.{module}" for module in modules))}
    assert {name for name, _ in named} == expected


def test_freezing_and_rates_by_part_hold_on_e4b() -> None:
    net = build_net(E4B, device="meta", vision=False)
    rates = {"audio_tower.layers[8:]": 1e-5, "projector": 1e-4, "adapter": 2e-4}
    adapter = load_config("recipe=v3").recipe.stages["adapter"].adapter
    optim = Optim(lr=1e-3, lr_by_part=rates)
    sizes = {"seed": 0, "steps": 1, "batch_size": 1, "micro_batch_size": 1}
    trains = ["audio_tower.layers[8:]", "projector", "audio_tower.rest"]
    held = Trainables(net, Stage(name="s", objective="qa", trains=trains, adapter=adapter, optim=optim, **sizes))
    found: dict[float, int] = {}
    for name, parameter in held.net.named_parameters():
        if parameter.requires_grad:
            assert parameter.dtype == torch.float32, name
            found[held.peak(parameter)] = found.get(held.peak(parameter), 0) + parameter.numel()
        else:
            assert parameter.dtype == torch.bfloat16, name
    layer = prefixed(net, "base_model.model.model.audio_tower.layers.0.") or prefixed(net, "model.audio_tower.layers.0.")
    rest = 304_824_608 - 12 * layer
    assert found == {1e-5: 4 * layer, 1e-4: 3_932_160, 2e-4: 70_967_296, 1e-3: rest}


def test_without_vision_nothing_else_changes(net: Any) -> None:
    blind = build_net(E4B, device="meta", vision=False)
    assert blind.config.vision_config is None
    left = {name: p.shape for name, p in blind.named_parameters()}
    assert left == {name: p.shape for name, p in net.named_parameters() if "vision" not in name}


def test_load_builds_it_where_it_is_asked_to() -> None:
    build_processor(E4B)
    start = time.process_time()
    net, processor = load(MODEL, (), Savings(host_embedding=True), "meta")
    assert time.process_time() - start < 20  # no weight is drawn: a copy on the CPU would take minutes and 16 GB
    assert {p.device.type for p in net.parameters()} == {"meta"}
    assert {p.dtype for p in net.parameters()} == {torch.bfloat16}
    assert {b.dtype for name, b in net.named_buffers() if name.endswith("inv_freq")} == {torch.float32}
    assert host_embedding.active(net)
    assert sum(p.numel() for p in net.parameters()) == 7_941_100_832 - 2_818_572_288 - 169_330_688
    assert not net.training
    assert Encoder(processor).end_of_turn == 106


def test_the_processor_has_the_true_ids_and_hears_as_e4b_does() -> None:
    processor = build_processor(E4B)
    tokenizer: Any = processor.tokenizer
    assert {name: tokenizer.convert_tokens_to_ids(name) for name in E4B.tokens} == dict(E4B.tokens)
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id) == (0, 1, 2)
    encoder = Encoder(processor)
    prompt = encoder.prompt("What is heard?", 25)
    assert [prompt.count(i) for i in (256_000, 258_881, 258_883, 106)] == [1, 25, 1, 1]
    assert encoder.answer("a dog")[-1] == 106
    assert tokenizer.decode(encoder.answer("a dog")) == "a dog<turn|>"
    assert len(set(tokenizer.get_vocab().values())) == len(tokenizer)
    heard = encoder.features(np.zeros(160_000, np.float32))
    assert heard.shape[1] == 128
    assert encoder.audio_tokens(len(heard)) == 250
    stock, ours = Gemma4AudioFeatureExtractor().to_dict(), processor.feature_extractor.to_dict()
    assert ours == stock


def test_the_seed_is_the_identity_of_random_weights() -> None:
    seeds = [identity(Model(name="", source=Architecture.gemma4_e4b, weights=Weights.random, init_seed=s)) for s in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]
    assert seeds[0]["source"] == "architecture:gemma4_e4b"


def test_every_architecture_that_a_config_may_name_is_there() -> None:
    assert tuple(BY_SOURCE) == tuple(Architecture)
