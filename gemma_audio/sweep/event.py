"""What a cell tells the process that started it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.stages import Links


class Event(NamedTuple):
    """`began`: a step of work (text: its name, note: training, reused or answering); `progress`: done of total; `say`: a line.

    With progress come loss (nats per answer token) and tokens_per_second, where there are any.
    """

    kind: str
    text: str = ""
    note: str = ""
    done: int = 0
    total: int = 0
    loss: float | None = None
    tokens_per_second: float | None = None


@dataclass(frozen=True)
class Task:
    """All that a child needs: its cell, its chain's links, where its run is mirrored, when the sweep began, and the like."""

    cell: Cell
    links: Links
    mirror: Mirror
    since: float
    verified: frozenset[str] = frozenset()
    argv: tuple[str, ...] = ()
