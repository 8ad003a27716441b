"""Norms are computed once between two optimizer steps, and never outlive what they were computed from."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from dora_cases import layer_of, linear, wrapped
from torch.utils.checkpoint import checkpoint

from gemma_audio.models import dora

X = torch.randn(3, 20, generator=torch.Generator().manual_seed(2))


def made(**options: Any) -> tuple[Any, dora.NormCache]:
    model = wrapped(linear(20, 12), **options)
    return model, dora.install(model)


def adamw(model: Any, **options: Any) -> torch.optim.AdamW:
    return torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2, **options)


def fresh(model: Any) -> bool:
    """Whether the layer answers as PEFT's own would."""
    layer = layer_of(model)
    with torch.no_grad():
        return torch.allclose(layer(X), super(type(layer), layer).forward(X), rtol=1e-5, atol=1e-6)


def step(model: Any, optimizer: torch.optim.Optimizer) -> None:
    model(X).square().sum().backward()
    optimizer.step()
    optimizer.zero_grad()


@pytest.mark.parametrize("kind", [{"fused": True}, {"foreach": True}, {"foreach": False}])
def test_an_optimizer_step_makes_norms_stale(kind: dict[str, bool]) -> None:
    model, norms = made()
    optimizer = adamw(model, **kind)
    norms.watch(optimizer)
    for _ in range(3):
        step(model, optimizer)
        assert fresh(model)


def test_a_fused_step_raises_no_version() -> None:
    """Why nothing here looks at versions."""
    model, _ = made()
    optimizer = adamw(model, fused=True)
    model(X).sum().backward()
    weight = layer_of(model).lora_B["default"].weight
    before, value = weight._version, weight.detach().clone()
    optimizer.step()
    assert weight._version == before
    assert not torch.equal(weight, value)


def test_norms_are_computed_once_a_step() -> None:
    model, norms = made()
    optimizer = adamw(model)
    norms.watch(optimizer)
    for done in range(1, 4):
        for _ in range(3):  # micro-batches, each recomputed once
            checkpoint(model, X.clone().requires_grad_(), use_reentrant=False).sum().backward()
        assert norms.computed == done
        optimizer.step()
    model.eval()
    with torch.inference_mode():
        for _ in range(5):
            model(X)
    assert norms.computed == 4


def test_without_a_watched_optimizer_nothing_is_kept_while_gradients_are_recorded() -> None:
    model, norms = made()
    optimizer = adamw(model, fused=True)
    with torch.no_grad():
        model(X)  # kept
    for _ in range(2):
        step(model, optimizer)
        assert fresh(model)
    assert not norms._watched


WRITES: dict[str, Callable[[Any, dora.NormCache], Any]] = {
    "load_state_dict": lambda model, _: model.load_state_dict({k: v * 1.1 for k, v in model.state_dict().items()}),
    "assigned": lambda model, _: model.load_state_dict({k: v * 1.1 for k, v in model.state_dict().items()}, assign=True),
    "a data write and stale": lambda model, norms: (layer_of(model).lora_A["default"].weight.data.mul_(2), norms.stale()),
    "a base's write and stale": lambda model, norms: (layer_of(model).weight.data.mul_(2), norms.stale(base=True)),
    "scale": lambda model, _: layer_of(model).scale_layer(3.0),
    "merged and unmerged": lambda model, _: (model.merge_adapter(), model.unmerge_adapter()),
    "evaluation": lambda model, _: (layer_of(model).lora_A["default"].weight.data.mul_(2), model.eval()),
    "float64": lambda model, _: (layer_of(model).lora_A["default"].weight.data.mul_(2), model.double().float()),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_other_writes(write: Callable[[Any, dora.NormCache], Any]) -> None:
    model, norms = made()
    norms.watch(adamw(model))
    model(X)
    assert fresh(model)
    write(model, norms)
    assert fresh(model)


def test_a_write_that_nobody_announces_goes_unseen() -> None:
    """The other side of the contract: were this to fail, the tests above would prove nothing."""
    model, norms = made()
    norms.watch(adamw(model))
    model(X)
    layer_of(model).lora_A["default"].weight.data.mul_(2)
    assert not fresh(model)


def test_a_trained_base_is_squared_anew() -> None:
    model, norms = made()
    layer_of(model).base_layer.weight.requires_grad_(True)
    optimizer = adamw(model, fused=True)
    norms.watch(optimizer)
    for _ in range(2):
        step(model, optimizer)
        assert fresh(model)


def test_norms_of_an_evaluation_serve_a_backward_pass() -> None:
    model, norms = made()
    norms.watch(adamw(model))
    with torch.inference_mode():
        model(X)
    model(X).sum().backward()
    assert norms.computed == 1


def test_a_copy_has_norms_of_its_own() -> None:
    model, norms = made()
    norms.watch(adamw(model))
    model(X)
    copy = deepcopy(model)
    assert layer_of(copy).norms is not norms
    assert layer_of(copy).norms.layers == [layer_of(copy)]
    layer_of(copy).lora_A["default"].weight.data.mul_(2)
    copy(X)  # no optimizer watches the copy: nothing is kept
    assert fresh(copy)
    assert fresh(model)
