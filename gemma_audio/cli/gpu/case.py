"""The cases of the table: the stock stack, each saving added in turn, and the published dropout against none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gemma_audio.config.compose import load_config
from gemma_audio.config.schema import Savings

ORDER = ("supervised_logits", "shared_kv_pruning", "factored_dora", "host_embedding", "without_vision", "cached_features")
"""In the order in which they are added; every saving stands here."""


@dataclass(frozen=True)
class Case:
    """One row: which savings are on, the adapter's dropout, and whether transformers' own loss is taken."""

    name: str
    savings: Savings
    dropout: float = 0.05
    stock_loss: bool = False

    @property
    def key(self) -> str:
        """The name as it is typed."""
        return re.sub(r"\W+", "_", self.name).strip("_")


def none() -> Savings:
    """The savings of conf/savings/none.yaml."""
    return load_config("savings@trainer.savings=none").trainer.savings


def cases() -> Iterator[Case]:
    """All cases; the first is the one that the ratios refer to, the last ones have every saving."""
    on = none()
    yield Case("stock", on, stock_loss=True)
    for name in ORDER:
        added: dict[str, Any] = {name: True}
        on = replace(on, **added)
        yield Case(f"+ {name}", on)
    yield Case("all, dropout 0", on, dropout=0.0)
