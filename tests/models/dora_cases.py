"""One adapted linear layer as PEFT makes it, its gradients, and the same in float64."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from gemma_audio.models import dora

RANK, SEED = 4, 11


class One(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.lin = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lin(x)


def wrapped(inner: nn.Module, adapter_dtype: torch.dtype = torch.float32, **options: Any) -> PeftModel:
    """PEFT's layer over `inner` in training mode, its adapter away from its start."""
    torch.manual_seed(SEED)
    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=["lin"], **{"use_dora": True, **options})
    model = get_peft_model(One(inner), config, autocast_adapter_dtype=False)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
            if "lora_magnitude" in name:
                parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
            if "lora_" in name:
                parameter.data = parameter.data.to(adapter_dtype)
    return model.train()


def linear(width: int, out: int, *, bias: bool = False, dtype: torch.dtype = torch.float32) -> nn.Linear:
    torch.manual_seed(SEED + 1)
    return nn.Linear(width, out, bias=bias).to(dtype)


def layer_of(model: nn.Module) -> Any:
    return model.base_model.model.lin


def fast(model: PeftModel) -> PeftModel:
    """A copy with the fast product in it."""
    copy = deepcopy(model)
    dora.install(copy)
    return copy


def figures(
    model: nn.Module, x: torch.Tensor, dy: torch.Tensor, *, autocast: bool = False, needs_x: bool = True
) -> dict[str, torch.Tensor]:
    """y and every gradient, at one seed of the masks."""
    model.zero_grad(set_to_none=True)
    x = x.detach().clone().requires_grad_(needs_x)
    torch.manual_seed(SEED + 2)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        y = model(x)
    y.backward(dy.to(y.dtype))
    taken = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {"y": y.detach(), **({"x": x.grad} if x.grad is not None else {}), **taken}


def distances(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> dict[str, float]:
    """Relative distance of each figure."""
    assert set(found) == set(expected)
    return {name: _distance(found[name].double(), expected[name].double()) for name in found}


def _distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm().clamp_min(1e-30))


def oracle(model: PeftModel, x: torch.Tensor, dy: torch.Tensor) -> dict[str, torch.Tensor]:
    """The closed form without dropout in float64, differentiated by autograd with its norm detached."""
    layer = layer_of(model)
    leaves = {n: p.detach().double().requires_grad_() for n, p in model.named_parameters()}
    given = {name.rsplit("lin.", 1)[1]: leaf for name, leaf in leaves.items()}
    weight, bias = given["base_layer.weight"], given.get("base_layer.bias")
    a, b = given["lora_A.default.weight"], given["lora_B.default.weight"]
    x, s = x.detach().double().requires_grad_(), layer.scaling["default"]
    merged = weight + s * (b @ a)
    gain = given["lora_magnitude_vector.default.weight"] / merged.detach().norm(dim=1)
    y = gain * (x @ merged.t())
    y = y if bias is None else y + bias
    y.backward(dy.double())
    trained = {n: leaves[n].grad for n, p in model.named_parameters() if p.requires_grad}
    return {"y": y.detach(), "x": x.grad, **trained}
