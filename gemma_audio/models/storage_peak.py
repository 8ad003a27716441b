"""Counts the bytes of tensors that live at once: on every device, fake tensors included, and without an allocator's habits."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class StoragePeak(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Live and peak bytes of the storages that are made inside the context; one shared by several tensors counts once.

    What a kernel allocates for itself and frees before it returns is not seen. `peak` may be set back to `live` on the way.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = 0
        self.peak = 0
        self._sizes: dict[int, tuple[int, Any]] = {}

    def count(self, tensor: torch.Tensor) -> None:
        """Count a storage from now on until it is freed: one made outside (a parameter) as well."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes(), weakref.ref(storage, lambda _: self._freed(key))
            self.live += storage.nbytes()
            self.peak = max(self.peak, self.live)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        given = {tensor.untyped_storage()._cdata for tensor in _tensors((args, kwargs))}
        for tensor in _tensors(out):
            if tensor.untyped_storage()._cdata not in given:
                self.count(tensor)
        return out

    def _freed(self, key: int) -> None:
        size, _ = self._sizes.pop(key, (0, None))
        self.live -= size


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_iter(tree) if isinstance(leaf, torch.Tensor)]
