"""What rounding a merged weight to the base's precision loses of the update that training found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

LARGEST_ERROR = 0.25
"""Of the update, all modules together: beyond it a quarter of what training did is noise, or lost."""
LEAST_AGREEMENT = 0.98
"""Of the fixed questions, answered alike with the adapter applied and merged."""


@dataclass(frozen=True)
class Loss:
    """One tensor's update and what rounding left of it, as sums, so that tensors can be added up.

    `update` and `kept` are the squared norms of the exact and the rounded update, `error` that of their difference, `inner` their
    inner product; `unchanged` counts the weights that rounding put back to the base's value.
    """

    name: str
    weights: int
    update: float
    kept: float
    error: float
    inner: float
    unchanged: int

    @property
    def relative(self) -> float:
        """The norm of the difference over the norm of the exact update."""
        return math.sqrt(self.error / self.update) if self.update else 0.0

    @property
    def cosine(self) -> float:
        """The cosine between both updates; 0 where nothing was kept, 1 where there was nothing to keep."""
        both = math.sqrt(self.update) * math.sqrt(self.kept)
        return self.inner / both if both else float(not self.update)

    @property
    def share_unchanged(self) -> float:
        """The share of weights that are the base's still."""
        return self.unchanged / self.weights

    def figures(self) -> dict[str, Any]:
        """What fidelity.json says of it."""
        found = {"relative_error": self.relative, "cosine": self.cosine, "unchanged": self.share_unchanged}
        return {"name": self.name, "weights": self.weights, "update_norm": math.sqrt(self.update), **found}


@torch.no_grad()
def loss(name: str, before: torch.Tensor, exact: torch.Tensor, rounded: torch.Tensor) -> Loss:
    """What `rounded` keeps of the update from `before` to `exact` (float32); any shape, the same for all."""
    update, kept = exact.float() - before.float(), rounded.float() - before.float()
    sums = (_dot(update, update), _dot(kept, kept), _dot(kept - update, kept - update), _dot(update, kept))
    return Loss(name, before.numel(), *sums, int((kept == 0).sum()))


def total(losses: Sequence[Loss]) -> Loss:
    """All tensors as one."""
    rows = [asdict(entry) for entry in losses]
    return Loss(**{key: sum(row[key] for row in rows) for key in Loss.__annotations__ if key != "name"}, name="all")


def warnings(everything: Loss | None, agreement: float | None) -> list[str]:
    """What is lost beyond the stated limits, and what helps."""
    found = []
    if everything and everything.relative > LARGEST_ERROR:
        found.append(
            f"rounding changes the update by {everything.relative:.0%} of its size (limit {LARGEST_ERROR:.0%}); "
            f"{everything.share_unchanged:.0%} of the merged weights are the base's still"
        )
    if agreement is not None and agreement < LEAST_AGREEMENT:
        limit = f"(limit {1 - LEAST_AGREEMENT:.0%})"
        found.append(f"{1 - agreement:.0%} of the fixed questions are answered otherwise once merged {limit}")
    if found:
        found.append("use adapter/ beside the model, or export with --fp32")
    return found


def _dot(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a * b).sum(dtype=torch.float64))
