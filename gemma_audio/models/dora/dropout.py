"""DoRA's product where dropout draws masks: PEFT's own formula, which is not dropout before the adapter alone.

With xd = dropout(x), y = x W^T + bias + (g - 1) * (xd W^T) + s g * (xd A^T) B^T: the base product of x itself, and a second one
of xd that stands in the gain's part. So a step has two base products forward and two backward. xd comes from PEFT's dropout
module, on the input as PEFT casts it: the masks are PEFT's from the same state of the random generator. In evaluation, and where
dropout is 0, xd is x and the formula is `compose.Compose`'s.

Backward, from dy: dx = dy W, dxd = ((g - 1) dy) W + (dy P) A, dA = (dy P)^T xd, dB = s g * (dy^T h),
dm = (sum_t dy (xd W^T) + s sum_r (dy^T h) * B) / c, with h = xd A^T and P = s g * B. Kept for it are xd, h and xd W^T.
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


class ComposeDropped(torch.autograd.Function):
    """(x (…, in), xd, W, bias or None, A, B, m, c, s, dtypes) -> y (…, out) in the base's dtype."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        dropped: Tensor,
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
            g, low = products.gain(m, c), dropped.reshape(-1, x.shape[-1]).to(at.adapter)
            y = F.linear(x.to(at.base), weight.to(at.base))
            again = F.linear(low, weight.to(at.adapter))
            h = F.linear(low, a.to(at.adapter))
            scaled = products.scaled_b(b, g, s).to(at.adapter)
            for part, second, out in pieces(h, again, y.view(-1, y.shape[-1])):
                torch.add(out, torch.addcmul(products.low_rank(part, scaled, bias), second, g - 1), out=out)
        # Of xd what the products read, not the wider tensor that PEFT's dropout gives: its own backward has the mask alone.
        ctx.save_for_backward(x if weight.requires_grad else None, low, weight, bias, a, b, m, c, h, again)
        ctx.s, ctx.at, ctx.shape, ctx.kinds = s, at, x.shape, (x.dtype, dropped.dtype)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, dropped, weight, _, a, b, m, c, h, again = ctx.saved_tensors
        kind, wide = ctx.kinds
        needs = ctx.needs_input_grad
        dx = dxd = dw = dbias = da = db = dm = None
        with plain(dropped):
            dy, g = dy.reshape(-1, dy.shape[-1]), products.gain(m, c)
            low = dy.to(ctx.at.adapter)
            through, inner = low @ products.scaled_b(b, g, ctx.s).to(low.dtype), low.t() @ h
            if needs[0]:
                dx = products.gradient_x(dy, weight).to(kind).view(ctx.shape)
            if needs[3]:
                dbias = dy.sum(0).to(weight.dtype)
            if needs[4]:
                da = products.gradient_a(through, dropped, a)
            if needs[5]:
                db = products.scaled_b(inner, g, ctx.s).to(b.dtype)
            if needs[6]:
                sides = products.column_dot(low, again, None, c.dtype) + ctx.s * (inner.to(c.dtype) * b.to(c.dtype)).sum(1)
                dm = (sides / c).to(m.dtype)
            if needs[1] or needs[2]:
                low = products.columns_times(low, g - 1)
            if needs[1]:
                dxd = products.gradient_x(low, weight, (through, a)).to(wide).view(ctx.shape)
            if needs[2]:
                dw = products.gradient_weight(low, dropped) + products.gradient_weight(dy, x.reshape(-1, x.shape[-1]))
                dw = dw.to(weight.dtype)
        return dx, dxd, dw, dbias, da, db, dm, None, None, None
