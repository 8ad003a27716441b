"""Controls: the same questions under conditions that a model which listens and understands should not, or must, mind.

Option orders and prompt wordings should change little; without the sound or the question little should be left. The benchmark's
own order, prompt and sounds are not among them: that is the score itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gemma_audio.config.schema import Evaluation
from gemma_audio.evaluation.item import Benchmark, Item

SILENCED, SWAPPED, NO_QUESTION = "silenced", "swapped", "no_question"


@dataclass(frozen=True)
class Condition:
    """One way of asking every question: settings, the order of each item's options, and what is heard with it.

    `orders` and `heard` are by an item's id; absent stands for its own order, its own sound. `silent`: as long, but silence.
    """

    name: str
    cfg: Evaluation
    orders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    heard: Mapping[str, Item] = field(default_factory=dict)
    silent: bool = False

    def source(self, item: Item) -> Item:
        """The item whose sound is given with `item`."""
        return self.heard.get(item.id, item)


def conditions(cfg: Evaluation, benchmark: Benchmark) -> Iterator[Condition]:
    """The conditions that `cfg` asks for: order-1 to order-(orders - 1), wording-NAME, silenced, swapped, no_question."""
    for number in range(1, cfg.orders):
        orders = {item.id: rotation(item, number, cfg.orders) for item in benchmark.items}
        yield Condition(f"order-{number}", cfg, orders)
    for name, prompt in cfg.other_prompts.items() if cfg.wordings else ():
        yield Condition(f"wording-{name}", replace(cfg, prompt=prompt))
    if cfg.silenced:
        yield Condition(SILENCED, cfg, silent=True)
    if cfg.swapped:
        yield Condition(SWAPPED, cfg, heard=exchanged(benchmark.items))
    if cfg.no_question:
        prompt = cfg.prompt.replace("{question}", "").lstrip()
        yield Condition(NO_QUESTION, replace(cfg, prompt=prompt))


def rotation(item: Item, number: int, orders: int) -> tuple[int, ...]:
    """The item's options turned by `number` places, so that as many orders as options put each option in each place once.

    With fewer orders than options the first turn is the item's own, drawn from its id: the same for every model, and no place is
    favoured over the benchmark. With more orders than options they repeat.
    """
    count = len(item.choices)
    turn = number if orders >= count else 1 + (_hash(item) + number - 1) % (count - 1)
    return tuple((place + turn) % count for place in range(count))


def exchanged(items: Sequence[Item]) -> dict[str, Item]:
    """For each item's id another item, whose sound it is given: each sound once, none its own, the same for every model."""
    ring = sorted(items, key=lambda item: (_hash(item), item.id))
    return {item.id: ring[(at + 1) % len(ring)] for at, item in enumerate(ring)}


def _hash(item: Item) -> int:
    return int.from_bytes(hashlib.sha256(item.id.encode("utf-8", "surrogatepass")).digest()[:8], "big")
