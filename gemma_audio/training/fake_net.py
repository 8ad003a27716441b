"""A model of any size without its weights: its modules on the meta device, or with fake tensors for all they hold."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import Gemma4Config, Gemma4ForConditionalGeneration

from gemma_audio.config.schema import Model, Savings
from gemma_audio.models import host_embedding, hub
from gemma_audio.models.architecture import BY_SOURCE, E4B
from gemma_audio.models.identity import local_folder
from gemma_audio.world.tiny import FOLDER

HUB = ("google/gemma-4-E4B-it", "google/gemma-4-E4B")


def architecture(model: Model) -> Gemma4Config | None:
    """Return the configuration of `model`; None where its files are not on this machine and it is no known model."""
    folder = FOLDER if model.source == "embedded" else local_folder(model.source)
    folder = folder or hub.snapshot(model.source, model.revision, os.environ)
    if folder is not None and (folder / "config.json").exists():
        return Gemma4Config.from_pretrained(str(folder), local_files_only=True)
    known = E4B if model.source in HUB else BY_SOURCE.get(model.source)
    return known.config() if known else None


def skeleton(config: Gemma4Config, dtype: str, savings: Savings) -> Any:
    """Return the model on the meta device in evaluation mode, as `load` would give it with these savings."""
    if savings.without_vision:
        config.vision_config = None
    with torch.device("meta"):
        net = Gemma4ForConditionalGeneration._from_config(config, dtype=getattr(torch, dtype)).eval()
    if savings.host_embedding:
        host_embedding.install(net)
    return net


def fill(net: nn.Module, mode: FakeTensorMode) -> None:
    """Put a fake tensor on the CPU in place of every meta tensor of `net`; what was shared stays shared."""
    made: dict[Tensor, Tensor] = {}
    with mode:
        for module in net.modules():
            if isinstance(module, host_embedding.HostEmbedding):
                module._table = (_fake(module.weight),)
            for held in (module._parameters, module._buffers):
                for name, tensor in held.items():
                    if tensor is not None:
                        held[name] = made.setdefault(tensor, _fake(tensor))  # type: ignore[assignment]


def _fake(tensor: Tensor) -> Tensor:
    fake = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu")
    return nn.Parameter(fake, requires_grad=tensor.requires_grad) if isinstance(tensor, nn.Parameter) else fake
