"""Puts the fast product into a model that PEFT has wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from peft.tuners.lora import Linear, LoraLayer
from torch import nn

from gemma_audio.errors import ConfigError, Problem
from gemma_audio.models.dora.cache import NormCache
from gemma_audio.models.dora.layer import FactoredDora

WRITTEN = re.compile(r"\.lconv1d\.linear_end\.linear$")
"""Layers to whose output transformers adds the residual in place: theirs is copied, since the backward pass needs it."""


def install(model: nn.Module) -> NormCache:
    """Change every DoRA layer of `model` in place and return the cache of their norms; plain LoRA layers stay as they are.

    Parameters and files stay PEFT's. Give the optimizer to `NormCache.watch`. Raises ConfigError with every layer that is not
    covered: anything but one DoRA adapter on a plain `nn.Linear` with a floating-point weight.
    """
    layers: dict[str, Any] = {name: module for name, module in model.named_modules() if _is_dora(module)}
    problems = [_problem(name, reason) for name, layer in layers.items() for reason in _obstacles(layer)]
    if problems:
        raise ConfigError(problems)
    cache = NormCache(list(layers.values()))
    for name, layer in layers.items():
        layer.written = bool(WRITTEN.search(name))
        (layer.factored,), layer.norms, layer.__class__ = layer.lora_A.keys(), cache, FactoredDora
    return cache


def _is_dora(module: nn.Module) -> bool:
    return isinstance(module, LoraLayer) and any(module.use_dora.values())


def _obstacles(layer: Any) -> Iterator[str]:
    """Why one layer is not covered; nothing where it is."""
    base = layer.get_base_layer()
    if type(layer) is not Linear or layer.fan_in_fan_out or type(base).forward is not nn.Linear.forward:
        yield f"a {type(layer).__name__} layer over {type(base).__name__}; only a plain nn.Linear is covered"
    elif not base.weight.is_floating_point():
        yield f"a weight of {base.weight.dtype}; only floating-point weights are covered"
    elif len(layer.lora_A) != 1:
        yield f"{len(layer.lora_A)} adapters ({', '.join(layer.lora_A)}); one is covered"
    elif base._forward_hooks or base._forward_pre_hooks:
        yield "hooks on its base layer, which the fast product does not call"


def _problem(name: str, reason: str) -> Problem:
    return Problem("savings.factored_dora", f"{name} is {reason}", "trainer.savings.factored_dora=false")
