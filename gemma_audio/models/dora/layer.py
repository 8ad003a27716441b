"""PEFT's LoRA layer with DoRA, its product and its norm computed faster."""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora import Linear
from torch import Tensor, nn

from gemma_audio.errors import GemmaAudioError
from gemma_audio.models.dora.cache import NormCache
from gemma_audio.models.dora.compose import Compose
from gemma_audio.models.dora.dropout import ComposeDropped
from gemma_audio.models.dora.factors import Factors
from gemma_audio.models.dora.precision import current


class FactoredDora(Linear):
    """A `peft.tuners.lora.Linear` that `install` has changed the class of: PEFT's own parameters, names, merging and saving."""

    factored: str
    norms: NormCache
    written: bool

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Return (…, out) from (…, in). Raises GemmaAudioError where another adapter is active, or several are."""
        if self.disable_adapters or self.merged or args or kwargs:
            return super().forward(x, *args, **kwargs)
        if self.active_adapters != [self.factored]:
            raise GemmaAudioError(
                f"savings.factored_dora was set up for the adapter {self.factored!r} and not for {self.active_adapters}; "
                "activate it alone, or trainer.savings.factored_dora=false"
            )
        c = self.norms.of(self)
        y = super().forward(x) if c is None else self._composed(x, c)
        return y.clone() if self.written and torch.is_grad_enabled() else y

    def _composed(self, x: Tensor, c: Tensor) -> Tensor:
        factors, dropout = Factors.of(self), self.lora_dropout[self.factored]
        *tensors, scaling = factors
        at = current(x, factors.weight, factors.a)
        product: Any = Compose
        if isinstance(dropout, nn.Identity) or not self.training:
            return product.apply(x, *tensors, c, scaling, at)
        product = ComposeDropped
        return product.apply(x, dropout(self._cast_input_dtype(x, factors.a.dtype)), *tensors, c, scaling, at)

    def train(self, mode: bool = True) -> FactoredDora:
        if mode != self.training:
            self.norms.stale()
        super().train(mode)
        return self

    def merge(self, *args: Any, **kwargs: Any) -> None:
        super().merge(*args, **kwargs)
        self.norms.stale(base=True)

    def unmerge(self) -> None:
        super().unmerge()
        self.norms.stale(base=True)

    def _apply(self, *args: Any, **kwargs: Any) -> Any:
        self.norms.stale(base=True)
        return super()._apply(*args, **kwargs)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self.norms.stale(base=True)
        super()._load_from_state_dict(*args, **kwargs)
