"""The row norms of W + s B A, without forming B A.

c_j^2 = |W_j|^2 + 2 s <(W A^T)_j, B_j> + s^2 B_j (A A^T) B_j^T costs one product of W (out x in) with A^T (in x rank). Sums are
taken in float32 (float64 where a factor is), a few rows at a time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gemma_audio.models.dora.rows import pieces

CANCELLATION = 16.0
"""Where the sizes of the terms sum to more than this many times c^2 they cancel, and c may be off by 1e-6: compute it exactly."""


def precision(*tensors: Tensor) -> torch.dtype:
    """Return the dtype in which norms of these factors are summed: float32, or float64 where one is."""
    return torch.float64 if any(tensor.dtype == torch.float64 for tensor in tensors) else torch.float32


def squares(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Return |W_j|^2 (out,) of a weight (out, in)."""
    return torch.cat([piece.to(dtype).square().sum(1) for (piece,) in pieces(weight)])


def factored(weight: Tensor, a: Tensor, b: Tensor, scaling: float, base: Tensor) -> tuple[Tensor, Tensor]:
    """Return c (out,) from W (out, in), A (rank, in), B (out, rank) and W's `squares`; and whether it is too inexact (a bool)."""
    a, b = a.to(base.dtype), b.to(base.dtype)
    cross = 2 * scaling * torch.cat([(w.to(base.dtype) @ a.t()).mul_(part).sum(1) for w, part in pieces(weight, b)])
    gram = scaling**2 * (b @ (a @ a.t())).mul_(b).sum(1)
    square = (base + cross + gram).clamp_min_(0)
    sizes = base + cross.abs() + gram
    return square.sqrt(), ~(sizes <= CANCELLATION * square).all()  # so put, a NaN counts as inexact


def exact(weight: Tensor, a: Tensor, b: Tensor, scaling: float) -> Tensor:
    """Return c (out,) as PEFT computes it, a few rows of W + s B A at a time."""
    dtype = precision(weight, a, b)
    a, b = a.to(dtype), b.to(dtype)
    return torch.cat([torch.addmm(w.to(dtype), part, a, alpha=scaling).norm(dim=1) for w, part in pieces(weight, b)])
