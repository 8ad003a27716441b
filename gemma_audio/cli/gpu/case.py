"""The cases of the table: the stock stack, each saving added in turn, and the published dropout against none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gemma_audio.config.schema import Savings

NONE = Savings(
    name="none",
    supervised_logits=False,
    shared_kv_pruning=False,
    factored_dora=False,
    cached_features=False,
    host_embedding=False,
    without_vision=False,
)
ORDER = ("supervised_logits", "shared_kv_pruning", "factored_dora", "host_embedding", "without_vision", "cached_features")
"""In the order in which they are added; every saving stands here."""


@dataclass(frozen=True)
class Case:
    """One row: which savings are on, the adapter's dropout, and whether transformers' own loss is taken."""

    name: str
    savings: Savings
    dropout: float = 0.05
    stock_loss: bool = False


def cases() -> Iterator[Case]:
    """All cases; the first is the one that the ratios refer to, the last ones have every saving."""
    yield Case("stock", NONE, stock_loss=True)
    on = NONE
    for name in ORDER:
        on = replace(on, **{name: True})  # type: ignore[arg-type]
        yield Case(f"+ {name}", on)
    yield Case("all, dropout 0", on, dropout=0.0)
