"""DoRA against LoRA: forward and backward through the seven linear layers of one sliding layer of E4B."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from gemma_audio.cli.bench.clock import agree, once
from gemma_audio.cli.bench.figure import Bound, Figure, number, seconds
from gemma_audio.cli.bench.setting import Setting
from gemma_audio.models import dora
from gemma_audio.models.storage_peak import StoragePeak

WIDTH, QUERIES, KEYS, INNER, TOKENS = 2560, 2048, 512, 10240, 512
RANK, ALPHA = 32, 64
MOST, MEBI = 1.25, 2**20


@dataclass(frozen=True)
class Kind:
    """The dtypes of base and adapter, and whether bfloat16 is autocast."""

    name: str
    base: torch.dtype
    adapter: torch.dtype
    autocast: bool = False


KINDS = (
    Kind("bf16", torch.bfloat16, torch.bfloat16),
    Kind("bf16-mixed", torch.bfloat16, torch.float32, autocast=True),
    Kind("32-true", torch.float32, torch.float32),
)


def product(setting: Setting) -> list[Figure]:
    """The fast product, and PEFT's DoRA beside it, as multiples of PEFT's LoRA: CPU time, and bytes that live inside the call."""
    return [figure for kind in KINDS for figure in _compared(setting, kind)]


def _compared(setting: Setting, kind: Kind) -> list[Figure]:
    shrink = setting.size(1, 40)
    linears = _linears(kind, shrink)
    lora, stock, fast = (_Pass(_wrapped(linears, kind, dora_=on), kind, setting.size(TOKENS, 8)) for on in (False, True, True))
    fast.keep_norms()
    agree(fast(), stock(), tolerance=0.05 if kind.base == torch.bfloat16 else 1e-3)
    lora()
    times = [[once(each).cpu for each in (lora, stock, fast)] for _ in range(setting.size(5))]
    ratio, theirs = (median(row[at] / row[0] for row in times) for at in (2, 1))
    spent = seconds(median(row[2] for row in times))
    peaks = [each.peak() / MEBI for each in (lora, stock, fast)]
    return [
        Figure(f"DoRA to LoRA, {kind.name}", ratio, "x", Bound(MOST), f"{spent} CPU; PEFT's DoRA {number(theirs)} x"),
        Figure(
            f"DoRA's peak to LoRA's, {kind.name}", peaks[2] / peaks[0], "x", Bound(1.0),
            f"{number(peaks[2])} MiB for {number(peaks[0])}; PEFT's DoRA {number(peaks[1])} MiB",
        ),
    ]  # fmt: skip


class _Pass:
    """Forward and backward of every layer in turn, at one input of each width."""

    def __init__(self, model: Any, kind: Kind, tokens: int) -> None:
        self.model, self.kind = model, kind
        self.layers: Sequence[Any] = list(model.base_model.model)
        made = torch.Generator().manual_seed(2)
        self.data = [
            [torch.randn(1, tokens, size, generator=made).to(kind.base) for size in (layer.in_features, layer.out_features)]
            for layer in self.layers
        ]

    def keep_norms(self) -> None:
        """Put the fast product in, its norms computed once a call."""
        self.norms = dora.install(self.model)
        self.optimizer = torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad])
        self.norms.watch(self.optimizer)

    def __call__(self) -> list[float]:
        if hasattr(self, "norms"):
            self.norms.stale()
        return [self._through(layer, x, dy) for layer, (x, dy) in zip(self.layers, self.data, strict=True)]

    def peak(self) -> int:
        """The most bytes that live at once inside a call."""
        self.model.zero_grad(set_to_none=True)
        gc.collect()
        with StoragePeak() as found:
            self()
        return found.peak

    def _through(self, layer: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, dy: torch.Tensor) -> float:
        self.model.zero_grad(set_to_none=True)
        x = x.detach().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.kind.autocast):
            y = layer(x)
        torch.autograd.backward(y, dy)
        assert x.grad is not None
        return sum(float(torch.linalg.vector_norm(each, dtype=torch.float32)) for each in (y.detach(), x.grad))


def _linears(kind: Kind, shrink: int) -> list[nn.Linear]:
    """Query, key, value, output, gate, up and down, frozen."""
    width, queries, keys, inner = (size // shrink for size in (WIDTH, QUERIES, KEYS, INNER))
    shapes = [(width, queries), (width, keys), (width, keys), (queries, width), (width, inner), (width, inner), (inner, width)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return [nn.Linear(i, o, bias=False).to(kind.base).requires_grad_(False) for i, o in shapes]


def _wrapped(linears: Sequence[nn.Linear], kind: Kind, *, dora_: bool) -> Any:
    """PEFT's adapter over the same weights, away from its start."""
    names = [str(number) for number in range(len(linears))]
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=names, use_dora=dora_)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = get_peft_model(nn.Sequential(*linears), config, autocast_adapter_dtype=False)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                nn.init.normal_(parameter, std=0.01)
            if "lora_" in name:
                parameter.data = parameter.data.to(kind.adapter)
    return model.train()
