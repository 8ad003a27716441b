"""Throw-away classifiers on the projected sound: one attention pool and one linear layer per attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

UNKNOWN = -100


class Labels:
    """The classes of every attribute that the examples know; an attribute of several words has one head per word."""

    def __init__(self, examples: Iterable[Mapping[str, str]]) -> None:
        values: dict[str, set[tuple[str, ...]]] = {}
        for attributes in examples:
            for name, value in attributes.items():
                values.setdefault(name, set()).add(tuple(value.split()))
        self.classes: dict[tuple[str, int], list[str]] = {}
        for name in sorted(values):
            for word in range(max(map(len, values[name]))):
                self.classes[name, word] = sorted({value[word] for value in values[name] if len(value) > word})

    def of(self, attributes: Mapping[str, str]) -> list[int]:
        """Return the class of every head, UNKNOWN where the clip has no such attribute."""
        words = {name: value.split() for name, value in attributes.items()}
        return [
            classes.index(words[name][word]) if len(words.get(name, ())) > word else UNKNOWN
            for (name, word), classes in self.classes.items()
        ]


class Heads(nn.Module):
    """Each head attends over the audio tokens with a query of its own and a learned preference for positions."""

    def __init__(self, classes: Sequence[int], width: int, tokens: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(len(classes), width) * 0.1)
        self.position = nn.Parameter(torch.randn(tokens, width) * 0.1)
        self.key = nn.Linear(width, width)
        self.out = nn.ModuleList([nn.Linear(width, count) for count in classes])

    def forward(self, sound: Tensor, mask: Tensor) -> list[Tensor]:
        """Return logits per head, (clips, classes), from (clips, tokens, width) and the mask of real tokens."""
        scores = torch.einsum("hd,btd->bht", self.query, self.key(sound) + self.position[: sound.shape[1]])
        scores = (scores * 3 / sound.shape[-1] ** 0.5).masked_fill(~mask[:, None], float("-inf"))
        pooled = torch.einsum("bht,btd->bhd", scores.softmax(-1), sound)
        return [head(pooled[:, number]) for number, head in enumerate(self.out)]
