"""The tensors of one DoRA layer, as PEFT holds them."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor


class Factors(NamedTuple):
    """W (out, in), its bias, A (rank, in), B (out, rank), m (out,) and s of an adapter's layer."""

    weight: Tensor
    bias: Tensor | None
    a: Tensor
    b: Tensor
    m: Tensor
    scaling: float

    @classmethod
    def of(cls, layer: Any) -> Factors:
        """Read them anew: PEFT and `.to()` may put other tensors in their place."""
        base, name = layer.get_base_layer(), layer.factored
        a, b, m = layer.lora_A[name].weight, layer.lora_B[name].weight, layer.lora_magnitude_vector[name].weight
        return cls(base.weight, base.bias, a, b, m, layer.scaling[name])
