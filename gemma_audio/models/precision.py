"""Number formats of a loaded model: weights in the model's, rotary frequencies in float32 whatever the model's is."""

from __future__ import annotations

import torch
from torch import nn

FREQUENCIES = "inv_freq"
"""In bfloat16 the angle at position 800 is wrong by up to a radian; transformers keeps these in float32 when it loads."""


@torch.no_grad()
def cast(net: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Give parameters and buffers `dtype` as from_pretrained does: all but the rotary frequencies."""
    for module in net.modules():
        for parameter in module.parameters(recurse=False):
            parameter.data = parameter.data.to(dtype)
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_floating_point() and not name.endswith(FREQUENCIES):
                buffer.data = buffer.data.to(dtype)
    return net
