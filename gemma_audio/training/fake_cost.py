"""Peak memory, FLOPs and operations of code that runs on fake tensors: shapes and dtypes are computed, nothing is allocated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, in_kernel_invocation_manager, unset_fake_temporarily
from torch.utils.flop_counter import flop_registry

from gemma_audio.models.storage_peak import StoragePeak

aten: Any = torch.ops.aten
DEVICE = torch.ops.prim.device.default
PLAIN = {
    *(aten.add, aten.addmm, aten.addmm_, aten.add_, aten.addcmul, aten.cat, aten.clone, aten.detach, aten.div, aten.expand),
    *(aten.gelu, aten.mean, aten.mm, aten.mul, aten.mul_, aten.neg, aten.permute, aten.pow, aten.rsqrt, aten.select),
    *(aten.slice, aten.split, aten.squeeze, aten.sub, aten.sum, aten.t, aten.tanh, aten.transpose, aten.unsqueeze),
    *(aten.view, aten._to_copy, aten._unsafe_view),
}
"""Operations whose results lie where their arguments do: without FakeTensorMode's cache, whose keys cost more than they save."""

WHOLE = (torch.int64, torch.int32, torch.bool)


class FakeCost(StoragePeak):  # type: ignore[no-untyped-call]
    """Counts inside a FakeTensorMode: `peak` and `live` bytes, `flops` of matrix products and attention, `operations`.

    Ids, positions and masks stay real tensors, since shapes depend on their values: only the rest is fake.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops, self.operations = 0, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is DEVICE and isinstance(args[0], FakeTensor):
            return args[0].fake_device
        given = _tensors((*args, *kwargs.values()))
        out = _run(func, args, kwargs, given)
        self.operations += 1
        self._count_new(out, given)
        if (packet := func._overloadpacket) in flop_registry:
            self.flops += flop_registry[packet](*args, **kwargs, out_val=out)
        return out

    def _count_new(self, out: Any, given: Iterable[Tensor]) -> None:
        made = _tensors([out])
        if made:
            known = {tensor.untyped_storage()._cdata for tensor in given}
            for tensor in made:
                if tensor.untyped_storage()._cdata not in known:
                    self.count(tensor)


def _run(func: Any, args: Any, kwargs: Any, given: list[Tensor]) -> Any:
    fake = [isinstance(tensor, FakeTensor) for tensor in given]
    if fake and all(fake) and func._overloadpacket in PLAIN and "device" not in kwargs:
        return _plain(func, args, kwargs, given[0])
    if not any(fake):
        if given or kwargs.get("dtype") in WHOLE or func._overloadpacket is aten.arange:
            with unset_fake_temporarily():
                return func(*args, **kwargs)
    elif func is aten.index.Tensor:
        args = (args[0], _positions(args[1]))
    elif func is aten._local_scalar_dense.default:  # a guard asks for a value: "no" and 0
        return _zero(args[0].dtype)
    return func(*args, **kwargs)


def _plain(func: Any, args: Any, kwargs: Any, like: Any) -> Any:
    with in_kernel_invocation_manager(like.fake_mode):
        out = func(*args, **kwargs)
    if isinstance(out, Tensor):
        return _faked(out, like)
    return type(out)(_faked(tensor, like) for tensor in out)


def _faked(tensor: Tensor, like: Any) -> Tensor:
    return tensor if isinstance(tensor, FakeTensor) else FakeTensor(like.fake_mode, tensor, like.fake_device)


def _positions(indices: Iterable[Tensor | None]) -> list[Tensor | None]:
    """Masks as the positions that they select: how many is known, since they are real."""
    found: list[Tensor | None] = []
    with unset_fake_temporarily():
        for index in indices:
            masks = index is not None and index.dtype is torch.bool
            found += index.nonzero(as_tuple=True) if index is not None and masks else [index]
    return found


def _zero(dtype: torch.dtype) -> bool | int | float:
    return False if dtype is torch.bool else 0.0 if dtype.is_floating_point else 0


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for value in values:  # a loop by hand: the general tree walk would cost more than the operation
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += _tensors(value)
    return found
