"""What a method is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from gemma_audio.data.collate import Encoded
from gemma_audio.evaluation.prompt import Presented


@dataclass(frozen=True)
class Query:
    """An item as the model gets it: options in their shown order, prompt ids and log-mel frames."""

    presented: Presented
    encoded: Encoded


@dataclass(frozen=True)
class Prediction:
    """One item's answer. `text`: the raw output, or the chosen option's text where the method compares likelihoods.

    `chosen` is an index into item.choices (None: no option); `logprobs` stand in item.choices' order, () where there are none;
    `failure` says why there is no answer, "" if there is one.
    """

    presented: Presented
    text: str = ""
    chosen: int | None = None
    logprobs: tuple[float, ...] = ()
    failure: str = ""

    def record(self, method: str) -> dict[str, Any]:
        """The row of predictions.jsonl."""
        return {
            "id": self.presented.item.id,
            "method": method,
            "order": list(self.presented.order),
            "text": self.text,
            "chosen": self.chosen,
            "logprobs": list(self.logprobs),
            "failure": self.failure,
        }


def most_likely(presented: Presented, scores: Sequence[float]) -> Prediction:
    """The option with the highest score; `scores` come in shown order.

    Of options with equal text the first is taken. A score that is not finite is a failure, never an answer.
    """
    if not all(isfinite(score) for score in scores):
        return Prediction(presented, failure="the model's log-likelihoods are not finite")
    best = presented.shown[max(range(len(scores)), key=scores.__getitem__)]
    by_choice = dict(zip(presented.order, scores, strict=True))
    logprobs = tuple(by_choice[index] for index in range(len(scores)))
    return Prediction(presented, best, presented.item.choices.index(best), logprobs)
