"""The pieces of DoRA's products that both of its forms share. Tensors of tokens x out are worked on a few rows at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from gemma_audio.models.dora.rows import pieces


def gain(m: Tensor, c: Tensor) -> Tensor:
    """Return g = m / c (out,) in c's dtype: rounded to bfloat16, a magnitude that has moved by 0.3 % would not have moved."""
    return m.to(c.dtype) / c


def scaled_b(b: Tensor, g: Tensor, s: float) -> Tensor:
    """Return s g * B (out, rank) in g's dtype."""
    return b.to(g.dtype) * (s * g)[:, None]


def low_rank(h: Tensor, scaled: Tensor, bias: Tensor | None) -> Tensor:
    """Return h P^T + bias (tokens, out)."""
    return h @ scaled.t() if bias is None else torch.addmm(bias.to(h.dtype), h, scaled.t())


def columns_times(dy: Tensor, g: Tensor) -> Tensor:
    """Return g * dy (tokens, out) in dy's dtype."""
    out = torch.empty_like(dy)
    for part, into in pieces(dy, out):
        torch.mul(part, g, out=into)
    return out


def column_dot(dy: Tensor, y: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    """Return sum_t dy (y - bias) (out,), summed in `dtype`."""
    total = dy.new_zeros(dy.shape[1], dtype=dtype)
    for part, other in pieces(dy, y):
        total += (part.to(dtype) * (other if bias is None else other - bias.to(dtype))).sum(0)
    return total


def gradient_a(through: Tensor, x: Tensor, a: Tensor) -> Tensor:
    """Return dA (rank, in) from dy P (tokens, rank)."""
    return (through.t() @ x.to(through.dtype)).to(a.dtype)


def gradient_x(dy: Tensor, weight: Tensor, low: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Return dy W (tokens, in), plus the product of `low`: dy P and A."""
    dx = dy @ weight.to(dy.dtype)
    if low is not None:
        through, a = low[0], low[1].to(low[0].dtype)
        dx = dx.addmm_(through, a) if dx.dtype == through.dtype else dx.add_(through @ a)
    return dx


def gradient_weight(dy: Tensor, x: Tensor) -> Tensor:
    """Return dW (out, in)."""
    return dy.t() @ x.to(dy.dtype)
