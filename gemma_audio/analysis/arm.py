"""One arm of a comparison as the statistics see it: runs by items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Interval = tuple[float, float]
Labels = tuple[str, ...]
Scope = Literal["recipe", "these runs"]


@dataclass(frozen=True)
class Arm:
    """The scores of one arm.

    `scores` has shape (runs, items): 0/1, or item means over option orders, all in [0, 1]. `trained` is False for an arm whose
    weights are taken as they come: one run, a constant, without training noise. `blocks` names, for each run, the independent
    piece of training that it rests on: runs with one label, in this arm or another, continue the same sealed stage; a run that
    shares nothing has a label of its own. None: no run shares anything. ValueError on another shape or range.
    """

    name: str
    scores: Floats
    trained: bool
    blocks: Labels | None = None

    def __post_init__(self) -> None:
        if self.scores.ndim != 2 or 0 in self.scores.shape:
            raise ValueError(f"arm {self.name}: scores must be (runs, items) with at least one of each, not {self.scores.shape}")
        if not ((self.scores >= 0) & (self.scores <= 1)).all():
            raise ValueError(f"arm {self.name}: scores must lie in [0, 1] and be finite")
        if self.blocks is not None and len(self.blocks) != len(self.scores):
            raise ValueError(f"arm {self.name}: {len(self.blocks)} block labels for {len(self.scores)} runs; give one to each")

    @property
    def runs(self) -> int:
        """How many distinct runs there are."""
        return len(self.scores)

    @property
    def units(self) -> int:
        """How many independent pieces of training the runs rest on: blocks where there are some, else runs."""
        return self.runs if self.blocks is None else len(set(self.blocks))

    @property
    def binary(self) -> bool:
        """Whether every score is 0 or 1, so that right and wrong can be counted."""
        return bool(np.isin(self.scores, (0.0, 1.0)).all())

    def items(self, mask: NDArray[np.bool_]) -> Arm:
        """The same runs on the items where `mask` (items,) is true."""
        return Arm(self.name, self.scores[:, mask], self.trained, self.blocks)


def over_orders(scores: Floats) -> Floats:
    """Scores of several option orders, (runs, orders, items), averaged within the item: (runs, items), as an Arm takes them.

    The item stays the unit: answers to one question in other orders are no further questions. ValueError on another shape.
    """
    if scores.ndim != 3 or 0 in scores.shape:
        raise ValueError(f"scores must be (runs, orders, items) with at least one of each, not {scores.shape}")
    means: Floats = scores.mean(1)
    return means
