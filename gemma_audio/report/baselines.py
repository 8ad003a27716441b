"""What answering without listening would score."""

from __future__ import annotations

import pandas as pd


def trivial_baselines(items: pd.DataFrame) -> dict[str, float]:
    """Expected accuracy, by strict index, of a random choice, always the first option, and the longest (first of equals).

    `items` has `choices` (tuples of str) and `answer`; every option whose text equals the answer counts as right.
    """
    scores = [_item(choices, answer) for choices, answer in zip(items["choices"], items["answer"], strict=True)]
    means = pd.DataFrame(scores, columns=["chance", "always_first", "longest"]).mean()
    return {str(name): float(value) for name, value in means.items()}


def _item(choices: tuple[str, ...], answer: str) -> tuple[float, bool, bool]:
    gold = [choice == answer for choice in choices]
    longest = max(range(len(choices)), key=lambda i: len(choices[i]))
    return sum(gold) / len(gold), gold[0], gold[longest]
