"""An exact saving: the frozen per-layer-embedding table stays on the host, and only the rows in use travel to the device."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses import FakeTensor


class HostEmbedding(nn.Module):
    """Looks rows up as the scaled embedding in whose place it stands does, to the same bits.

    Neither `.to(device)` nor a deep copy moves or doubles the table: it is no parameter and no buffer. It is part of the
    state_dict, so that what is saved is whole.
    """

    def __init__(self, embedding: Any) -> None:
        super().__init__()
        table = embedding.weight.detach()
        self._table = (table if table.is_meta else table.cpu(),)  # in a tuple, where it is no part of this module
        self.scalar_embed_scale = embedding.scalar_embed_scale
        self.embed_scale = nn.Buffer(embedding.embed_scale, persistent=False)

    @property
    def weight(self) -> Tensor:
        """The table, (rows, width), on the host."""
        return self._table[0]

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return the scaled rows of `input_ids`, of its shape and the table's width, on its device."""
        if input_ids.device == self.weight.device:
            rows = F.embedding(input_ids, self.weight)
        elif isinstance(input_ids, FakeTensor):  # how many rows differ is not known there
            rows = F.embedding(input_ids.to(self.weight.device), self.weight).to(input_ids.device)
        else:
            rows = self._fetch(input_ids)
        return rows * self.embed_scale.to(device=rows.device, dtype=rows.dtype)

    def _fetch(self, ids: Tensor) -> Tensor:
        """Each row in use once (every sound token has the same), through pinned memory, which lets the copy run on by itself."""
        distinct, places = torch.unique(ids.cpu(), return_inverse=True)
        rows = torch.empty(len(distinct), self.weight.shape[1], dtype=self.weight.dtype, pin_memory=ids.is_cuda)
        torch.index_select(self.weight, 0, distinct, out=rows)
        return F.embedding(places.to(ids.device), rows.to(ids.device, non_blocking=True))

    def __deepcopy__(self, memo: dict[int, Any]) -> HostEmbedding:
        return HostEmbedding(self)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.weight

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        if (given := state_dict.pop(f"{prefix}weight", None)) is not None:
            self.weight.copy_(given)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def install(net: Any) -> None:
    """Put the table of `net` on the host, where it has one; what looks rows up does so there from now on."""
    text = net.model.language_model
    if text.hidden_size_per_layer_input and not active(net):
        text.embed_tokens_per_layer = HostEmbedding(text.embed_tokens_per_layer)


def active(net: Any) -> bool:
    """Return whether the table of `net` lies on the host for good."""
    return isinstance(getattr(net.model.language_model, "embed_tokens_per_layer", None), HostEmbedding)
