"""The full-size model's budget of memory and FLOPs, on fake tensors: nothing is allocated."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from torch import Tensor

from gemma_audio.config.kinds import Method
from gemma_audio.config.schema import Adapter, Evaluation, Model, Optim, Savings, Stage, Trainer
from gemma_audio.data.collate import collate
from gemma_audio.training import fake_step
from gemma_audio.training.fake_step import Cost, Shape
from gemma_audio.training.memory_plan import CONTEXT, Case, static, total

GB = 1e9
EVERY = ("supervised_logits", "shared_kv_pruning", "factored_dora", "cached_features", "host_embedding", "without_vision")
LANGUAGE = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
QUESTIONS = Stage(
    name="adapter", objective="qa", steps=1, batch_size=32, micro_batch_size=4, seed=0, checkpointing=True,
    adapter=Adapter(name="dora", rank=32, alpha=64, scope={"language_model": LANGUAGE}), optim=Optim(lr=1e-5),
)  # fmt: skip
CAPTIONS = Stage(
    name="encoder", objective="caption", trains=["audio_tower", "projector"], steps=1, batch_size=32, micro_batch_size=4, seed=0,
    checkpointing=True, optim=Optim(lr=1e-5),
)  # fmt: skip
LETTERS = Evaluation(name="e", benchmark="mmau", method=Method.letter, prompt="", choice="", separator="", batch_size=8)


def case(*savings: str, stage: Stage = QUESTIONS, shape: Shape = Shape()) -> Case:  # noqa: B008 (frozen)
    """E4B in mixed precision with these savings and no other."""
    chosen = Savings(name="chosen", **{name: name in savings for name in EVERY})
    trainer = Trainer(name="gpu", precision="bf16-mixed", savings=chosen)
    return Case(Model(name="e4b", source="google/gemma-4-E4B-it", dtype="bfloat16"), stage, trainer, LETTERS, shape)


def without(name: str) -> tuple[str, ...]:
    return tuple(other for other in EVERY if other != name)


@cache
def cost(*savings: str) -> Cost:
    """Of a micro-batch of 4 x 900 tokens."""
    return _cost(case(*savings))


def _cost(case: Case, loss: Any = None) -> Cost:
    return fake_step.train(case.net(), case.stage, case.trainer.savings, case.shape, mixed=case.mixed, loss=loss)


def stock_loss(module: Any, rows: Any) -> Tensor:
    """The loss as transformers computes it: logits of every position, in float32."""
    loss: Tensor = module.net(**collate(rows, 0, "left"), use_cache=False).loss
    return loss


def test_a_step_with_every_saving_stays_under_13_gb() -> None:
    """12.6 GB, of which 0.6 are an allowance."""
    assert total(static(case(*EVERY))) + cost(*EVERY).peak <= 13.0 * GB


def test_the_published_dropout_stays_under_13_gb_without_the_allowance() -> None:
    assert QUESTIONS.adapter
    dropped = case(*EVERY, stage=replace(QUESTIONS, adapter=replace(QUESTIONS.adapter, dropout=0.05)))
    assert total(static(dropped)) - CONTEXT + _cost(dropped).peak <= 12.7 * GB


def test_the_stock_stack_does_not_fit_into_24_gb() -> None:
    """31 GB: what it keeps and what its step takes, without the allowance."""
    stock = case()
    assert total(static(stock)) - CONTEXT + _cost(stock, stock_loss).peak > 24.0 * GB


def test_the_encoder_stage_with_sounds_of_30_seconds_stays_under_24_gb() -> None:
    stage = case(*EVERY, stage=CAPTIONS, shape=Shape(answer=100))
    assert total(static(stage)) + _cost(stage).peak <= 24.0 * GB


def test_pruning_leaves_less_than_62_percent_of_the_flops() -> None:
    assert cost(*EVERY).flops <= 0.62 * cost(*without("shared_kv_pruning")).flops


def test_the_factored_norm_lowers_peak_and_flops() -> None:
    stock = cost(*without("factored_dora"))
    assert stock.peak >= cost(*EVERY).peak + 0.2 * GB
    assert stock.flops > cost(*EVERY).flops


def test_supervised_logits_lower_the_peak() -> None:
    """Shown without pruning, which alone leaves the head little more to see than supervised positions."""
    both, one = (
        without("shared_kv_pruning"),
        tuple(name for name in EVERY if name not in ("shared_kv_pruning", "supervised_logits")),
    )
    assert cost(*one).peak >= cost(*both).peak + 2.0 * GB
    assert cost(*one).flops > cost(*both).flops


@pytest.mark.parametrize(
    ("saving", "least"), [("cached_features", 0.6 * GB), ("host_embedding", 5.6 * GB), ("without_vision", 0.3 * GB)]
)
def test_a_model_without_a_saving_takes_more_memory(saving: str, least: float) -> None:
    assert total(static(case(*without(saving)))) >= total(static(case(*EVERY))) + least


def test_the_weights_are_counted_to_the_last_byte() -> None:
    """Of the published 7,941,100,832 parameters in bfloat16, and of 70,967,296 in float32 (test_adapter_scopes pins both)."""
    found = {line.part: line.bytes for line in static(case())}
    weights = {part: size for part, size in found.items() if part.startswith("weights: ") and part != "weights: adapter"}
    assert sum(weights.values()) == 2 * 7_941_100_832
    assert weights["weights: per-layer table"] == 2 * 2_818_572_288
    assert found["weights: adapter"] == found["gradients"] == 4 * 70_967_296
    assert found["optimizer (AdamW, two numbers a weight)"] == 8 * 70_967_296
