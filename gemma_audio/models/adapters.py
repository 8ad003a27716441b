"""DoRA and LoRA adapters through PEFT: attach by a regular expression, save, load, merge in float32."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import nn

from gemma_audio.config.kinds import AdapterMethod
from gemma_audio.config.schema import Adapter
from gemma_audio.errors import ConfigError, Problem


def attach(model: nn.Module, adapter: Adapter) -> PeftModel:
    """Wrap `model` so that only the new adapter weights (float32) are trainable; the output does not change yet.

    `adapter.target` is matched against whole module names. Raises ConfigError where it is not a regular expression, matches
    nothing, or matches something else than a plain linear layer (the audio tower's wrappers: target their inner `.linear`).
    """
    config = LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=adapter.target,
        use_dora=adapter.method == AdapterMethod.dora,
    )
    try:
        with _quiet():
            wrapped: PeftModel = get_peft_model(model, config)
    except (ValueError, re.error) as error:  # ValueError: nothing matched, or what matched is no plain linear layer
        raise ConfigError([_problem(adapter.target, error)]) from error
    if not targets(wrapped):
        raise ConfigError([_problem(adapter.target, ValueError("nothing matched"))])
    return wrapped


def targets(model: nn.Module) -> list[str]:
    """Return the names of the layers that carry an adapter, as the base model names them."""
    return [name.removeprefix("base_model.model.") for name, layer in model.named_modules() if isinstance(layer, LoraLayer)]


def save(model: PeftModel, folder: Path, base: str) -> None:
    """Write `adapter_config.json` and `adapter_model.safetensors`, PEFT's own files; `base` is the base model's name."""
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty card


def apply(model: nn.Module, folder: Path) -> nn.Module:
    """Load the adapter in `folder` into `model` and merge it; returns the same base model without adapter layers."""
    with _quiet():
        return merge(PeftModel.from_pretrained(model, str(folder)))


@torch.no_grad()
def merge(model: PeftModel) -> nn.Module:
    """Merge layer by layer in float32, then round each weight once to its own dtype; returns the model without adapter layers.

    In a float32 base, merged and applied agree to float32's precision. In a bfloat16 base the sum is rounded to bfloat16: updates
    below its precision are lost there, so that the merged model differs slightly from the one with the adapter applied.
    """
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            base = layer.get_base_layer()
            dtype = base.weight.dtype
            base.weight.data = base.weight.data.float()
            layer.merge(safe_merge=True)
            base.weight.data = base.weight.data.to(dtype)
    unloaded: nn.Module = model.unload()
    return unloaded


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():  # PEFT calls what transformers deprecates
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _problem(target: str, error: Exception) -> Problem:
    remedy = (
        "the pattern must match whole names of plain linear layers, for example "
        r".*language_model\.layers\.\d+\.self_attn\.(q|k|v|o)_proj ; in the audio tower target the inner .linear"
    )
    return Problem("adapter.target", f"{target!r}: {str(error).splitlines()[0][:200] if str(error) else error!r}", remedy)
