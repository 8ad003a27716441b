"""Micro-batches of like length that are dealt out at random, as a pure function of (seed, pool number)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from gemma_audio.training import order


class Sized(Protocol):
    def __len__(self) -> int: ...


Row = TypeVar("Row", bound=Sized)


def deal(seed: int, pool: int, lengths: Sequence[int], batch_size: int, micro_batch_size: int) -> list[list[int]]:
    """Return the rows of every effective batch of pool number `pool`, as indices into `lengths`.

    The rows are sorted by length and cut into micro-batches; which batch gets which is drawn, so that batches stay mixed. Each
    row is used once. `batch_size` must divide the number of rows, and `micro_batch_size` the batch.
    """
    ranked = sorted(range(len(lengths)), key=lambda row: (lengths[row], row))
    micro = [ranked[at : at + micro_batch_size] for at in range(0, len(ranked), micro_batch_size)]
    dealt = [micro[int(at)] for at in order.generator(seed, order.POOL, pool).permutation(len(micro))]
    share = batch_size // micro_batch_size
    return [[row for part in dealt[at : at + share] for row in part] for at in range(0, len(dealt), share)]


def micro_batches(rows: Sequence[Row], size: int) -> list[list[Row]]:
    """Cut one effective batch into micro-batches; rows of like length share one, for less padding.

    Of a batch that `deal` made these are the very micro-batches it was dealt.
    """
    ranked = sorted(rows, key=len)
    return [ranked[at : at + size] for at in range(0, len(ranked), size)]


def padded(rows: Sequence[Sized], size: int) -> int:
    """Return how many tokens the micro-batches of one effective batch hold, padding included."""
    return sum(len(part) * max(map(len, part)) for part in micro_batches(rows, size))
