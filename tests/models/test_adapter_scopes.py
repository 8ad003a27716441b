"""Which modules each scope adapts, on the small model and on the architecture of Gemma 4 E4B without its weights."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from transformers import Gemma4Config, Gemma4ForConditionalGeneration

from gemma_audio.config import load_config
from gemma_audio.config.schema import Adapter, Model, Stage
from gemma_audio.models import adapters, parts
from gemma_audio.models.load import load
from gemma_audio.models.size import E4B

SCOPES = ["dora_lm", "dora_published", "dora_audio"]
E4B_TEXT = {
    "num_hidden_layers": 42, "hidden_size": 2560, "intermediate_size": 10240, "num_attention_heads": 8, "num_key_value_heads": 2,
    "head_dim": 256, "global_head_dim": 512, "num_kv_shared_layers": 18, "hidden_size_per_layer_input": 256,
    "layer_types": [*["sliding_attention"] * 5, "full_attention"] * 7,
}  # fmt: skip


def scope(name: str) -> Adapter:
    adapter = load_config("recipe=v3", f"adapter@recipe.stages.adapter.adapter={name}").recipe.stages["adapter"].adapter
    assert adapter is not None
    return adapter


def by_part(targets: list[str]) -> dict[str | None, int]:
    return Counter(parts.part_of(f"{name}.weight") for name in targets)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # layers 2 and 3 share the keys and values of earlier ones and have no projections for them
        ("dora_lm", {"language_model": 2 * 7 + 2 * 5}),
        ("dora_published", {"language_model": 2 * 7 + 2 * 5, "audio_tower": 3 * 3}),
        ("dora_audio", {"audio_tower": 3 * 10, "projector": 1}),
    ],
)
def test_modules_of_a_scope_on_the_small_model(base: Model, name: str, expected: dict[str, int]) -> None:
    wrapped = adapters.attach(load(base)[0], scope(name))
    assert by_part(adapters.targets(wrapped)) == expected
    trained = [n for n, p in wrapped.named_parameters() if p.requires_grad]
    assert {parts.part_of(n.removeprefix("base_model.model.")) for n in trained} == set(expected)


@pytest.mark.parametrize(
    ("name", "expected", "parameters"),
    [
        ("dora_lm", {"language_model": 258}, {"language_model": 70_967_296}),
        ("dora_published", {"language_model": 258, "audio_tower": 36}, {"language_model": 70_967_296, "audio_tower": 2_396_160}),
        ("dora_audio", {"audio_tower": 120, "projector": 1}, {"audio_tower": 13_185_024, "projector": 32 * (1536 + 2560) + 2560}),
    ],
)
def test_modules_and_sizes_of_a_scope_on_e4b(name: str, expected: dict[str, int], parameters: dict[str, int]) -> None:
    with torch.device("meta"):
        config = Gemma4Config(text_config=E4B_TEXT, audio_config={}, vision_config={"use_clipped_linears": True})
        wrapped = adapters.attach(Gemma4ForConditionalGeneration(config), scope(name))
    assert by_part(adapters.targets(wrapped)) == expected  # a module of the vision tower would count under None
    sizes: Counter[str | None] = Counter()
    for parameter_name, parameter in wrapped.named_parameters():
        if parameter.requires_grad:
            sizes[parts.part_of(parameter_name.removeprefix("base_model.model."))] += parameter.numel()
    assert sizes == parameters
    stage = Stage(name="s", objective="qa", adapter=scope(name), steps=1, batch_size=1, micro_batch_size=1)
    assert E4B.trained(stage) == sum(parameters.values())  # what is said of it before it is loaded


def test_scopes_differ_in_nothing_but_their_modules() -> None:
    settings = {(a.method, a.rank, a.alpha, a.dropout) for a in map(scope, SCOPES)}
    assert len(settings) == 1
    assert len({scope(name).target for name in SCOPES}) == len(SCOPES)
