"""DoRA's product without dropout, forward and backward: y = g * (x W^T + s (x A^T) B^T) + bias with g = m / c, c held constant.

Backward, from dy: dx = (g dy) W + (dy P) A, dA = (dy P)^T x, dB = s g * (dy^T h), dm = sum_t dy (y - bias) / m, with h = x A^T
and P = s g * B. Kept for it are x, h (tokens x rank) and y, which its reader keeps as well: no other tensor of tokens x out. So y
must not be written to; autograd says so where it is.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from gemma_audio.models.dora import products
from gemma_audio.models.dora.precision import Precision, plain
from gemma_audio.models.dora.rows import pieces


class Compose(torch.autograd.Function):
    """(x (…, in), W, bias or None, A, B, m, c, s, dtypes) -> y (…, out) in the base's dtype; every m must differ from 0."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        a: Tensor,
        b: Tensor,
        m: Tensor,
        c: Tensor,
        s: float,
        at: Precision,
    ) -> Tensor:
        with plain(x):
            flat, g = x.reshape(-1, x.shape[-1]), products.gain(m, c)
            y = F.linear(x.to(at.base), weight.to(at.base))
            h = F.linear(flat.to(at.adapter), a.to(at.adapter))
            scaled = products.scaled_b(b, g, s).to(at.adapter)
            for part, out in pieces(h, y.view(-1, y.shape[-1])):
                torch.addcmul(products.low_rank(part, scaled, bias), out, g, out=out)
        ctx.save_for_backward(x, weight, bias, a, b, m, c, h, y)
        ctx.s, ctx.at = s, at
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, a, b, m, c, h, y = ctx.saved_tensors
        needs = ctx.needs_input_grad
        da = db = dm = dx = dw = dbias = None
        with plain(x):
            flat, dy, g = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1]), products.gain(m, c)
            low = dy.to(ctx.at.adapter)
            through = low @ products.scaled_b(b, g, ctx.s).to(low.dtype)
            if needs[3]:
                da = products.gradient_a(through, flat, a)
            if needs[4]:
                db = products.scaled_b(low.t() @ h, g, ctx.s).to(b.dtype)
            del low
            if needs[5]:
                dm = (products.column_dot(dy, y.view_as(dy), bias, c.dtype) / m).to(m.dtype)
            if needs[2]:
                dbias = dy.sum(0).to(weight.dtype)
            if needs[0] or needs[1]:
                dy = products.columns_times(dy, g)
            if needs[0]:
                dx = products.gradient_x(dy, weight, (through, a)).to(x.dtype).view_as(x)
            if needs[1]:
                dw = products.gradient_weight(dy, flat).to(weight.dtype)
        return dx, dw, dbias, da, db, dm, None, None, None
