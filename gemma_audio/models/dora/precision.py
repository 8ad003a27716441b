"""In which dtypes DoRA's products are computed: those of PEFT and of autocast."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.amp.autocast_mode import is_autocast_available


class Precision(NamedTuple):
    """The dtype of the product with the base weight, which is the result's, and that of the products with A and B."""

    base: torch.dtype
    adapter: torch.dtype


def current(x: Tensor, weight: Tensor, a: Tensor) -> Precision:
    """Return autocast's dtype for both where it is on; else the input's for the base, and A's for the adapter, as PEFT casts.

    Without autocast an input of another dtype than the base weight's is refused by the product itself, as it is in stock layers.
    """
    kind = x.device.type
    enabled = is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    if enabled and torch.float64 not in (x.dtype, weight.dtype):
        return Precision(*[torch.get_autocast_dtype(kind)] * 2)
    return Precision(weight.dtype, a.dtype)


def plain(x: Tensor) -> Any:
    """Autocast off, on the device of `x`: what is computed inside chooses its dtypes itself."""
    kind = x.device.type
    return torch.autocast(kind, enabled=False) if is_autocast_available(kind) else nullcontext()
