"""One micro-batch of a stage, or one batch of an evaluation, on fake tensors: peak memory and FLOPs before anything is loaded.

The product's own code runs: its model, adapters, savings, checkpointing and loss. Fake tensors stand on the CPU, with autocast as
it would be on a GPU; attention is torch's fused CPU kernel, which like the GPU's keeps no matrix of tokens x tokens. What a
kernel takes for itself and gives back, and what an allocator loses to fragments, is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from gemma_audio.config.schema import Savings, Stage
from gemma_audio.data.collate import Encoded
from gemma_audio.evaluation.methods.batch import inputs, prefill
from gemma_audio.evaluation.prediction import Query
from gemma_audio.models.dora import rows as pieces
from gemma_audio.models.hearing import CachedTower
from gemma_audio.training.answers import AnswerModule
from gemma_audio.training.fake_cost import FakeCost
from gemma_audio.training.fake_net import fill
from gemma_audio.training.trainables import Trainables

FRAMES = 4
"""Log-mel frames to an audio token."""


@dataclass(frozen=True)
class Shape:
    """A batch: its rows, and the tokens of the longest row, of which some are sound and some are supervised."""

    rows: int = 4
    tokens: int = 900
    sound: int = 750
    answer: int = 32


@dataclass(frozen=True)
class Cost:
    """What a batch takes beside weights, gradients and optimizer: peak bytes; FLOPs; operations."""

    peak: int
    flops: int
    operations: int


def train(net: Any, stage: Stage, savings: Savings, shape: Shape, *, mixed: bool, loss: Any = None) -> Cost:
    """Return the cost of a micro-batch of `stage`, forward and backward; `net` is on the meta device and is used up.

    Gradients and DoRA's norms are there beforehand, as in every micro-batch but a step's first. `loss(module, rows)` may take the
    place of the stage's.
    """
    module = _module(Trainables(net, stage, savings), stage)
    cached = savings.cached_features and module.trainables.hears_frozen()
    if cached:
        net.model.audio_tower = CachedTower(torch.bfloat16 if mixed else torch.float32)
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    fill(module.net, mode)
    module.train()
    with mode, FakeCost(), _as_on_a_gpu():
        _make_ready(module)
    rows = _rows(net.config, shape, cached)

    def step() -> None:
        value: Tensor = loss(module, rows) if loss else module.loss_sum(rows)
        torch.autograd.backward(value)

    return _cost(step, mode, mixed)


def evaluate(net: Any, shape: Shape, *, cache: bool, mixed: bool) -> Cost:
    """Return the cost of answering a batch of prompts; `net` is on the meta device and is used up.

    With `cache` keys and values are kept, as they are for methods that go on from the prompt.
    """
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    fill(net, mode)
    rows = [Query(None, row) for row in _rows(net.config, replace(shape, answer=0), cached=False)]  # type: ignore[arg-type]
    encoder: Any = SimpleNamespace(pad_id=0)

    def step() -> None:
        with torch.no_grad():
            prefill(net, inputs(net, encoder, rows), use_cache=cache)

    return _cost(step, mode, mixed)


def _module(trainables: Trainables, stage: Stage) -> AnswerModule:
    examples: Any = SimpleNamespace(stage=stage, encoder=SimpleNamespace(pad_id=0))
    return AnswerModule(trainables, examples, stage.steps)


def _make_ready(module: AnswerModule) -> None:
    for parameter in module.trained().values():
        parameter.grad = torch.empty_like(parameter)
    module.configure_optimizers()
    norms = module.trainables.norms
    with torch.no_grad():
        for layer in norms.layers[:1]:
            norms.of(layer)


def _rows(config: Any, shape: Shape, cached: bool) -> list[Encoded]:
    """Rows of one length: only that of the longest counts, for all are padded to it."""
    audio = config.audio_config
    size = (shape.sound, audio.output_proj_dims) if cached else (FRAMES * shape.sound, audio.subsampling_conv_channels[0])
    text = [1] * (shape.tokens - shape.sound - shape.answer)
    row = Encoded([*text, *[config.audio_token_id] * shape.sound], [1] * shape.answer, np.zeros(size, np.float32))
    return [replace(row) for _ in range(shape.rows)]


def _cost(work: Callable[[], None], mode: FakeTensorMode, mixed: bool) -> Cost:
    with mode, FakeCost() as cost, torch.autocast("cpu", torch.bfloat16, enabled=mixed), _as_on_a_gpu():
        work()
    return Cost(cost.peak, cost.flops, cost.operations)


@contextmanager
def _as_on_a_gpu() -> Iterator[None]:
    """A GPU's pieces of rows and its fused dropout, which keeps a byte an element, though fake tensors stand on the CPU."""
    cached, dropout = pieces.CACHED, functional.dropout
    pieces.CACHED, functional.dropout = pieces.LAUNCHED, _fused_dropout
    try:
        yield
    finally:
        pieces.CACHED, functional.dropout = cached, dropout


def _fused_dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """What CUDA computes dropout by; on a CPU torch keeps a mask as wide as the input."""
    return torch.native_dropout(input, p, training)[0] if training and p else input
