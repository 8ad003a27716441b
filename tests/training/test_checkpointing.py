"""Activations that are computed again give the same loss and gradients, whatever trains; reentrant ones do not."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from training_cases import gradients, make_module, make_stage, train, worst
from transformers.models.gemma4.modeling_gemma4 import Gemma4TextMLP

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Adapter, Model, Stage
from gemma_audio.training.module import StageModule

LANGUAGE = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
SOUND = r".*audio_tower\.layers\.\d+\..*\.linear"
PRODUCERS = ("layers.0.self_attn.k_proj", "layers.0.self_attn.v_proj", "layers.1.self_attn.k_proj", "layers.1.self_attn.v_proj")


def dora(**scope: str) -> Adapter:
    return Adapter(name="dora", rank=4, alpha=8, dropout=0.05, scope=scope)


CASES: dict[str, dict[str, Any]] = {
    "adapter of the language model": {"adapter": dora(language_model=LANGUAGE)},
    "adapters of both": {"adapter": dora(language_model=LANGUAGE, audio_tower=SOUND)},
    "audio tower and projector": {"trains": ["audio_tower", "projector"], "adapter": None},
    "the language model": {"trains": ["language_model"], "adapter": None},
}


def gradients_of(stage: Stage, base: Model, data: Path) -> tuple[float, dict[str, torch.Tensor]]:
    module = make_module(stage, base, data)
    loss = float(module._gradients(0, module.examples.rows(0)))
    return loss, gradients(module)


@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradients_stay_as_they_are(base: Model, data: Path, case: str) -> None:
    plain = gradients_of(make_stage(Objective.qa, **CASES[case]), base, data)
    for every in (1, 2):
        settings = {"checkpointing": True, "checkpoint_every_layers": every, **CASES[case]}
        loss, grads = gradients_of(make_stage(Objective.qa, **settings), base, data)
        assert loss == pytest.approx(plain[0], rel=1e-6)
        assert worst(grads, plain[1]) < 1e-5
        for name in PRODUCERS if "language" in case or "both" in case else ():
            found = {key: grad for key, grad in plain[1].items() if f"{name}." in key and grad.any()}
            assert found, name
            assert all(float((grads[key] - grad).norm() / grad.norm()) < 1e-5 for key, grad in found.items())


@pytest.mark.parametrize("arguments", [{}, {"use_reentrant": True}])
@pytest.mark.filterwarnings("ignore:torch.utils.checkpoint")
def test_the_reentrant_kind_would_be_seen(base: Model, data: Path, arguments: dict[str, bool]) -> None:
    """The loss is right and gradients before the shared keys are not: the comparison above can fail."""
    settings = CASES["adapter of the language model"]
    plain = gradients_of(make_stage(Objective.qa, **settings), base, data)
    module = make_module(make_stage(Objective.qa, **settings), base, data)
    module.base.model.language_model.activation_checkpointing_enable(arguments)
    assert float(module._gradients(0, module.examples.rows(0))) == pytest.approx(plain[0], rel=1e-6)
    assert worst(gradients(module), plain[1]) > 1e-2


def runs(module: StageModule) -> tuple[list[int], list[int]]:
    """How often each layer of the language model and of the audio tower runs in one step of one micro-batch."""
    counts = Counter[str]()

    def ran(name: str, *_: Any) -> None:
        counts[name] += 1

    parts = {"language": module.base.model.language_model.layers, "sound": module.base.model.audio_tower.layers}
    for part, layers in parts.items():
        for number, layer in enumerate(layers):
            inner = layer.self_attn  # a layer's own hooks stay outside its checkpoint, and the recomputation ends early
            inner.register_forward_hook(partial(ran, f"{part} {number}"))
    module.micro_batch_size = 4
    module._gradients(0, module.examples.rows(0))
    language, sound = ([counts[f"{part} {number}"] for number in range(len(layers))] for part, layers in parts.items())
    return language, sound


@pytest.mark.parametrize(("every", "expected"), [(1, ([2, 2, 2, 2], [2, 2, 2])), (2, ([2, 1, 2, 1], [2, 1, 2]))])
def test_every_kth_layer_of_both_stacks_is_computed_again_under_peft(
    base: Model, data: Path, every: int, expected: tuple[list[int], list[int]]
) -> None:
    settings = {"checkpointing": True, "checkpoint_every_layers": every, **CASES["adapters of both"]}
    module = make_module(make_stage(Objective.qa, **settings), base, data)
    assert runs(module) == expected
    assert runs(make_module(make_stage(Objective.qa, **CASES["adapters of both"]), base, data)) == ([1] * 4, [1] * 3)


def test_nothing_is_kept_below_the_lowest_layer_that_trains(base: Model, data: Path) -> None:
    stage = make_stage(Objective.qa, trains=["language_model.layers[-1]"], adapter=None, checkpointing=True)
    module = make_module(stage, base, data)
    seen: list[bool] = []
    module.base.get_input_embeddings().register_forward_hook(lambda *given: seen.append(given[-1].requires_grad))
    module._gradients(0, module.examples.rows(0))
    assert not any(seen)


def test_a_fit_computes_again_and_ends_in_the_same_bits(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, calls = Gemma4TextMLP.forward, Counter[bool]()

    def counted(self: Any, *given: Any) -> torch.Tensor:
        calls[again] += 1
        return forward(self, *given)

    monkeypatch.setattr(Gemma4TextMLP, "forward", counted)
    for again in (False, True):
        train(make_stage(Objective.qa, steps=2, checkpointing=again), base, data, tmp_path / str(again))
    assert calls[True] > 1.5 * calls[False]
    weights = [tmp_path / str(again) / "weights/adapter/adapter_model.safetensors" for again in (False, True)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
