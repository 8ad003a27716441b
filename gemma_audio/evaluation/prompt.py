"""The text of a question, and the order in which its options are shown."""

from __future__ import annotations

from dataclasses import dataclass

from gemma_audio.config.schema import Evaluation
from gemma_audio.data.layout import lay_out
from gemma_audio.evaluation.item import Item


@dataclass(frozen=True)
class Presented:
    """An item with the order of its options: `order[k]` is the index (into item.choices) of the option shown in place k."""

    item: Item
    order: tuple[int, ...]

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(self.item.choices[index] for index in self.order)


def present(item: Item, order: tuple[int, ...] | None = None) -> Presented:
    """The item in the benchmark's own order, or in a permutation of it (ValueError if it is none)."""
    identity = tuple(range(len(item.choices)))
    if order is not None and tuple(sorted(order)) != identity:
        raise ValueError(f"{item.id}: order {order} is no permutation of {len(identity)} choices")
    return Presented(item, identity if order is None else order)


def render(cfg: Evaluation, presented: Presented) -> str:
    """The question's text from `cfg.prompt` ({question}, {choices}), `cfg.choice` ({letter}, {text}) and `cfg.separator`."""
    return lay_out(presented.item.question, presented.shown, cfg.prompt, cfg.choice, cfg.separator)
