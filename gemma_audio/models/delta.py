"""What a stage trained in full: whole tensors by the base model's names, in one safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gemma_audio.errors import StoreError

FILE = "delta.safetensors"


def save(tensors: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Write `tensors` (name -> tensor of any device) to `folder`/delta.safetensors, names sorted, in their own dtype."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}, folder / FILE)


@torch.no_grad()
def apply(model: nn.Module, folder: Path, *, rounded: bool = True) -> None:
    """Copy `folder`/delta.safetensors over the model's parameters; each keeps the model's dtype if `rounded`, else the file's.

    Raises StoreError where a name or a shape is not the model's.
    """
    parameters = dict(model.named_parameters())
    for name, tensor in load_file(folder / FILE).items():
        target = parameters.get(name)
        if target is None or target.shape != tensor.shape:
            found = "no such parameter" if target is None else f"shape {tuple(target.shape)}"
            raise StoreError(f"{folder / FILE}: {name} of shape {tuple(tensor.shape)} does not fit the model ({found})")
        if not rounded:
            target.data = target.data.to(tensor.dtype)
        target.copy_(tensor)
