"""One object that knows every DoRA layer's norm, and until when it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor

from gemma_audio.models.dora import norm
from gemma_audio.models.dora.factors import Factors
from gemma_audio.models.dora.precision import plain


class NormCache:
    """The norms c of all `layers`, computed together at the first forward pass after `stale()`: once per optimizer step.

    What makes them stale: a step of an optimizer that is watched, `load_state_dict`, `train()`/`eval()`, `.to()`, merging and
    unmerging, PEFT's scale. Any other write to A, B or the base weights (`.data`, `copy_`) must be followed by `stale()`;
    tensor versions are no help, since a fused AdamW does not raise them. Without a watched optimizer a pass that records
    gradients computes its norms anew each time, and keeps none.
    """

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        self.layers = list(layers)
        self.computed = 0
        self._watched = False
        self._squares: dict[nn.Module, Tensor] = {}
        self._norms: dict[nn.Module, tuple[float, Tensor | None]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_watched": False, "_squares": {}, "_norms": {}}  # no optimizer watches a copy

    def watch(self, optimizer: torch.optim.Optimizer) -> None:
        """Keep norms from one step of `optimizer`, which must be the one that trains the adapter, to its next."""
        optimizer.register_step_post_hook(lambda *_: self.stale())
        self._watched = True
        self.stale()

    def stale(self, *, base: bool = False) -> None:
        """Forget every norm: adapter weights changed, and with `base` the base weights as well."""
        self._norms.clear()
        if base:
            self._squares.clear()

    def of(self, layer: nn.Module) -> Tensor | None:
        """Return the layer's c (out,), or None where the fast product does not hold: a magnitude of 0."""
        if torch.is_grad_enabled() and not self._watched:
            self.stale()
            return self._compute([layer])[layer][1]
        if layer not in self._norms or self._norms[layer][0] != Factors.of(layer).scaling:
            self._norms = self._compute(self.layers)
        return self._norms[layer][1]

    def _compute(self, layers: Sequence[nn.Module]) -> dict[nn.Module, tuple[float, Tensor | None]]:
        all_factors = [Factors.of(layer) for layer in layers]
        # Made outside inference mode: what is computed in an evaluation may be kept for a backward pass later.
        with torch.inference_mode(False), torch.no_grad(), plain(all_factors[0].a):
            found = [
                norm.factored(f.weight, f.a, f.b, f.scaling, self._base(layer, f))
                for layer, f in zip(layers, all_factors, strict=True)
            ]
            flags = _known([torch.stack([inexact, (f.m == 0).any()]) for (_, inexact), f in zip(found, all_factors, strict=True)])
            norms: dict[nn.Module, tuple[float, Tensor | None]] = {}
            for layer, f, (c, _), (inexact, zero) in zip(layers, all_factors, found, flags, strict=True):
                exact = norm.exact(f.weight, f.a, f.b, f.scaling) if inexact else c
                norms[layer] = f.scaling, None if zero else exact
        self.computed += len(layers)
        return norms

    def _base(self, layer: nn.Module, factors: Factors) -> Tensor:
        if layer not in self._squares or factors.weight.requires_grad:
            self._squares[layer] = norm.squares(factors.weight, norm.precision(factors.weight, factors.a, factors.b))
        return self._squares[layer]


def _known(flags: list[Tensor]) -> list[list[bool]]:
    """The values of all flags, waiting for an accelerator once; False where tensors have none."""
    if any(flag.is_meta or isinstance(flag, FakeTensor) for flag in flags):
        return [[False] * len(flag) for flag in flags]
    return torch.stack([flag.to(flags[0].device) for flag in flags]).tolist()
