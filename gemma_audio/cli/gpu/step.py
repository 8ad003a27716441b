"""One optimizer step of a stage on given rows, timed, with the most memory that it takes on the device."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from gemma_audio.cli.gpu.case import Case
from gemma_audio.config.schema import Stage
from gemma_audio.data.collate import Encoded, collate
from gemma_audio.models import memory
from gemma_audio.training import schedule
from gemma_audio.training.loss import answer_loss
from gemma_audio.training.trainables import Trainables

SEED = 0


@dataclass(frozen=True)
class Took:
    """Seconds of one optimizer step (the median), 10^9 bytes at most allocated, tokens and rows of a step, and its loss."""

    seconds: float
    memory_gb: float | None
    tokens: int
    rows: int
    loss: float | None = None

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds


class Step:
    """Forward, backward, clipping and AdamW over `rows`, `stage.micro_batch_size` at a time, under bfloat16 autocast."""

    def __init__(self, net: Any, stage: Stage, case: Case, rows: Sequence[Encoded], pad_id: int) -> None:
        self._case, self._stage, self.rows, self._pad = case, stage, rows, pad_id
        self._trainables = Trainables(net, stage, case.savings)
        self._net, self._device = net, next(net.parameters()).device
        self._trainables.net.to(self._device).train()  # the adapter is made on the CPU
        self._trained = [p for p in self._trainables.net.parameters() if p.requires_grad]
        self._optimizer = schedule.adamw({p: self._trainables.peak(p) for p in self._trained}, stage.optim)
        self._trainables.norms.watch(self._optimizer)

    def __call__(self) -> float:
        """Do one step; returns its loss per answer token."""
        total, size = sum(len(row.answer) for row in self.rows), self._stage.micro_batch_size
        value = torch.zeros((), device=self._device)
        for at in range(0, len(self.rows), size):
            loss = self._loss(self.rows[at : at + size]) / total
            torch.autograd.backward(loss)
            value += loss.detach()
        nn.utils.clip_grad_norm_(self._trained, self._stage.optim.grad_clip)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return float(value)

    def measured(self, repeats: int) -> Took:
        """The median of `repeats` steps after one that warms up."""
        self()
        with peak(self._device) as most:
            times = [self._timed() for _ in range(repeats)]
        loss = times[-1][1]
        return Took(median(t for t, _ in times), most(), sum(map(len, self.rows)), len(self.rows), loss)

    def _timed(self) -> tuple[float, float]:
        torch.manual_seed(SEED)  # of the masks of dropout
        wait(self._device)
        began = time.perf_counter()
        loss = self()
        wait(self._device)
        return time.perf_counter() - began, loss

    def _loss(self, rows: Sequence[Encoded]) -> Tensor:
        batch = collate(rows, self._pad, "left")
        with torch.autocast(self._device.type, torch.bfloat16):
            if not self._case.stock_loss:
                return answer_loss(self._net, batch, self._device, self._case.savings)
            given = {name: tensor.to(self._device) for name, tensor in batch.items()}
            return self._net(**given, use_cache=False).loss * sum(len(row.answer) for row in rows)


@contextmanager
def peak(device: torch.device) -> Iterator[Any]:
    """A function that tells the most memory allocated on the device since the block began, in 10^9 bytes; None on a CPU."""
    memory.release()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    yield lambda: torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None


def wait(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
