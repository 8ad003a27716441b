"""What a cell tells the process that started it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.stages import Links


class Event(NamedTuple):
    """`began`: a step of work (text: its name, note: training, reused or answering); `progress`: done of total; `say`: a line."""

    kind: str
    text: str = ""
    note: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Task:
    """All that a child needs: its cell, the links of its chain, the tracker group, when the sweep began, what is verified."""

    cell: Cell
    links: Links
    group: str
    since: float
    verified: frozenset[str] = frozenset()
    argv: tuple[str, ...] = ()
