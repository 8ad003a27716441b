"""DoRA and LoRA adapters through PEFT: attach by a regular expression, save, load, merge in float32."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import nn

from gemma_audio.config.kinds import AdapterMethod
from gemma_audio.config.schema import Adapter
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.models.dora import norm
from gemma_audio.models.prefixes import ADAPTED, WRAPPED, part_of
from gemma_audio.models.scope import check_scope, pattern

PLACE = "adapter.scope"
HALVES = (torch.bfloat16, torch.float16)
Observer = Callable[[str, torch.Tensor, torch.Tensor, torch.Tensor], None]


def attach(model: nn.Module, adapter: Adapter) -> PeftModel:
    """Wrap `model` so that only the new adapter weights (float32) are trainable; the output does not change yet.

    Raises ConfigError where an entry of `adapter.scope` is no regular expression, matches none of the plain linear layers of
    its part, or something else besides (a tower's wrappers: match their inner `.linear`).
    """
    _check(model, adapter.scope)
    config = LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=pattern(adapter.scope),
        use_dora=adapter.method == AdapterMethod.dora,
    )
    with _quiet():
        wrapped: PeftModel = get_peft_model(model, config)
    _start_exactly(wrapped)
    return wrapped


@torch.no_grad()
def _start_exactly(model: nn.Module) -> None:
    """Set each DoRA magnitude to its row's norm in float32.

    PEFT takes it in the base's own type: in bfloat16 that alone would change the weights by 0.1 %, as much as a short training
    at a low rate does.
    """
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            weight = layer.get_base_layer().weight
            for magnitude in layer.lora_magnitude_vector.values() if weight.dtype in HALVES else ():
                magnitude.weight.data = norm.squares(weight, torch.float32).sqrt()


def targets(model: nn.Module) -> list[str]:
    """Return the names of the layers that carry an adapter, as the base model names them."""
    return [name.removeprefix(WRAPPED) for name, layer in model.named_modules() if isinstance(layer, LoraLayer)]


def modules(model: nn.Module) -> dict[str, dict[str, int]]:
    """Return, by part, how many layers carry an adapter (`adapted`), and in how many its output is still zero (`unmoved`)."""
    found: dict[str, dict[str, int]] = {}
    for name, layer in model.named_modules():
        if isinstance(layer, LoraLayer):
            counts = found.setdefault(str(part_of(name.removeprefix(WRAPPED), ADAPTED)), {"adapted": 0, "unmoved": 0})
            counts["adapted"] += 1
            counts["unmoved"] += not any(bool(up.weight.any()) for up in layer.lora_B.values())
    return found


def save(model: PeftModel, folder: Path, base: str) -> None:
    """Write `adapter_config.json` and `adapter_model.safetensors`, PEFT's own files; `base` is the base model's name."""
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty card


def apply(model: nn.Module, folder: Path) -> nn.Module:
    """Load the adapter in `folder` into `model` and merge it; returns the same base model without adapter layers."""
    return merge(read(model, folder))


def read(model: nn.Module, folder: Path) -> PeftModel:
    """Wrap `model` with the adapter in `folder`, applied but not merged."""
    with _quiet():
        wrapped: PeftModel = PeftModel.from_pretrained(model, str(folder), torch_device="cpu")  # else where PEFT finds a GPU
        return wrapped


@torch.no_grad()
def merge(model: PeftModel, observe: Observer | None = None) -> nn.Module:
    """Merge layer by layer in float32, then round each weight once to its own dtype; returns the model without adapter layers.

    `observe` is told each layer's name and its weight before, exactly merged (float32), and rounded.

    In a float32 base, merged and applied agree to float32's precision. In a bfloat16 base the sum is rounded to bfloat16: updates
    below its precision are lost there, so that the merged model differs slightly from the one with the adapter applied.
    """
    for name, layer in model.named_modules():
        if isinstance(layer, LoraLayer):
            base = layer.get_base_layer()
            before = base.weight.data
            base.weight.data = before.float()
            layer.merge(safe_merge=True)
            exact = base.weight.data
            base.weight.data = exact.to(before.dtype)
            if observe is not None:
                observe(name.removeprefix(WRAPPED), before, exact, base.weight.data)
    unloaded: nn.Module = model.unload()
    return unloaded


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():  # PEFT calls what transformers deprecates
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _check(model: nn.Module, scope: Mapping[str, str]) -> None:
    modules = dict(model.named_modules())
    linears = [name for name, module in modules.items() if isinstance(module, nn.Linear)]
    try:
        found = list(check_scope(PLACE, scope, linears, modules.keys() - set(linears)))
    except re.error as error:
        raise ConfigError([_problem(PLACE, f"{dict(scope)}: {error}")]) from error
    if found:
        raise ConfigError([_problem(problem.place, problem.message) for problem in found])


def _problem(place: str, message: str) -> Problem:
    remedy = (
        "each pattern must match whole names of plain linear layers of its part, for example language_model: "
        r".*language_model\.layers\.\d+\.self_attn\.(q|k|v|o)_proj ; in the audio tower match the inner .linear"
    )
    return Problem(place, message, remedy)
