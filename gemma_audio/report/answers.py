"""One arm's answers to some items, counted over its runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.report.scored import RULE
from gemma_audio.report.text import plain

TEXTS = 3


@dataclass(frozen=True)
class Answers:
    """Per item: runs that are right, runs per choice and (last) without one, summed probabilities, and texts without a choice."""

    right: np.ndarray
    chosen: list[list[int]]
    probabilities: list[tuple[np.ndarray, int] | None]
    texts: list[list[str]]

    @classmethod
    def of(cls, rows: pd.DataFrame, items: pd.DataFrame) -> Answers:
        """Count `rows` (the scores of all of the arm's runs) over `items` (index id); rows of other items are passed over."""
        widths = [len(choices) for choices in items["choices"]]
        counts = [[0] * (width + 1) for width in widths]
        right = np.zeros(len(items), dtype=int)
        summed: list[tuple[np.ndarray, int] | None] = [None] * len(items)
        texts: list[list[str]] = [[] for _ in widths]
        places = items.index.get_indexer(pd.Index(rows["id"]))
        columns = (rows[name] for name in (RULE, "chosen", "logprobs", "text", "failure"))
        for place, correct, chosen, logprobs, text, failure in zip(places, *columns, strict=True):
            if place < 0:
                continue
            option = _option(str(chosen), widths[place])
            right[place] += correct
            counts[place][option] += 1
            summed[place] = _added(summed[place], logprobs, widths[place])
            if option == widths[place]:
                texts[place].append(f"no answer: {failure}" if failure else text)
        return cls(right, counts, summed, texts)

    def entry(self, place: int) -> list[Any]:
        """[runs right, [runs per choice, the last one: none], [mean probability per choice in percent] or 0, texts].

        `texts`, absent where there are none: what was said (or went wrong) in runs whose answer names no choice.
        """
        total = self.probabilities[place]
        mean = 0 if total is None else [round(100 * float(value) / total[1]) for value in total[0]]
        said = [plain(text, 160) or "(empty)" for text in dict.fromkeys(self.texts[place])][:TEXTS]
        return [int(self.right[place]), self.chosen[place], mean, *([said] if said else [])]


def _option(chosen: str, width: int) -> int:
    """The index of the choice taken, or `width` where the cell names none."""
    return int(chosen) if chosen.isdecimal() and int(chosen) < width else width


def _added(total: tuple[np.ndarray, int] | None, logprobs: str, width: int) -> tuple[np.ndarray, int] | None:
    """The softmax over the choices' log-likelihoods, added to what other runs gave; unchanged where there are none."""
    try:
        values = np.array(json.loads(logprobs or "[]"), dtype=float)
    except (ValueError, TypeError):
        return total
    if values.shape != (width,) or not np.isfinite(values).all():
        return total
    weights = np.exp(values - values.max())
    share = weights / weights.sum()
    return (share, 1) if total is None else (total[0] + share, total[1] + 1)
