"""The two rules by which an answer counts as right."""

from __future__ import annotations

import re
from collections.abc import Sequence

WORD = re.compile(r"\b\w+\b")


def tokens(text: str) -> frozenset[str]:
    """The set of lower-cased words of a text: order, repetition and punctuation do not count."""
    return frozenset(WORD.findall(text.lower()))


def official(answer: str, prediction: str, choices: Sequence[str]) -> bool:
    """MMAU's rule (its evaluation.py): the prediction holds every word of the answer and no word that only wrong choices hold.

    A choice whose words equal the answer's counts as the answer; an empty prediction is wrong.
    """
    gold, said = tokens(answer), tokens(prediction)
    if not said:
        return False
    wrong = frozenset[str]().union(*(tokens(choice) for choice in choices if tokens(choice) != gold)) - gold
    return gold <= said and said.isdisjoint(wrong)


def strict(chosen: int | None, gold: Sequence[int]) -> bool:
    """Right if the chosen option is one whose text is the answer's; no choice is wrong."""
    return chosen is not None and chosen in gold


def marked(prediction: str, choices: Sequence[str]) -> int | None:
    """The option that a free text names by the official rule, or None where it names none or several.

    Where the rule cannot tell options apart (equal word sets, such as "happy, sad" and "sad, happy") the one that stands in the
    text verbatim is taken.
    """
    named = [choice for choice in dict.fromkeys(choices) if official(choice, prediction, choices)]
    if len(named) > 1:
        said = prediction.casefold()
        named = [choice for choice in named if choice.strip().casefold() in said]
    return choices.index(named[0]) if len(named) == 1 else None
