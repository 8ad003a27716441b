"""One arm of a comparison as the statistics see it: runs by items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Interval = tuple[float, float]
Scope = Literal["recipe", "these runs"]


@dataclass(frozen=True)
class Arm:
    """The scores of one arm.

    `scores` has shape (runs, items): 0/1, or item means over option orders, all in [0, 1]. `trained` is False for an arm whose
    weights are taken as they come: one run, a constant, without training noise. ValueError on another shape or range.
    """

    name: str
    scores: Floats
    trained: bool

    def __post_init__(self) -> None:
        if self.scores.ndim != 2 or 0 in self.scores.shape:
            raise ValueError(f"arm {self.name}: scores must be (runs, items) with at least one of each, not {self.scores.shape}")
        if not ((self.scores >= 0) & (self.scores <= 1)).all():
            raise ValueError(f"arm {self.name}: scores must lie in [0, 1] and be finite")

    @property
    def runs(self) -> int:
        """How many distinct runs there are."""
        return len(self.scores)

    @property
    def binary(self) -> bool:
        """Whether every score is 0 or 1, so that right and wrong can be counted."""
        return bool(np.isin(self.scores, (0.0, 1.0)).all())

    def items(self, mask: NDArray[np.bool_]) -> Arm:
        """The same runs on the items where `mask` (items,) is true."""
        return Arm(self.name, self.scores[:, mask], self.trained)
