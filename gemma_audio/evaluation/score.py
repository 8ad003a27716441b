"""The two rules by which an answer counts as right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

WORD = re.compile(r"\b\w+\b")


@dataclass(frozen=True)
class Rule:
    """MMAU's rule for one answer among its choices: the words that must be said, and those that must not."""

    gold: frozenset[str]
    wrong: frozenset[str]

    @classmethod
    def of(cls, answer: str, choices: Sequence[str]) -> Rule:
        """A choice whose words equal the answer's counts as the answer; other choices' own words are wrong."""
        gold = tokens(answer)
        return cls(gold, frozenset[str]().union(*(said for choice in choices if (said := tokens(choice)) != gold)) - gold)

    def accepts(self, said: frozenset[str]) -> bool:
        """Whether a prediction of these words is right; one without any is wrong."""
        return bool(said) and self.gold <= said and said.isdisjoint(self.wrong)


def tokens(text: str) -> frozenset[str]:
    """The set of lower-cased words of a text: order, repetition and punctuation do not count."""
    return frozenset(WORD.findall(text.lower()))


def official(answer: str, prediction: str, choices: Sequence[str]) -> bool:
    """MMAU's rule (its evaluation.py): the prediction holds every word of the answer and no word that only wrong choices hold.

    A choice whose words equal the answer's counts as the answer; an empty prediction is wrong.
    """
    return Rule.of(answer, choices).accepts(tokens(prediction))


def strict(chosen: int | None, gold: Sequence[int]) -> bool:
    """Right if the chosen option is one whose text is the answer's; no choice is wrong."""
    return chosen is not None and chosen in gold


def marked(prediction: str, choices: Sequence[str]) -> int | None:
    """The option that a free text names by the official rule, or None where it names none or several.

    Where the rule cannot tell options apart (equal word sets, such as "happy, sad" and "sad, happy") the one that stands in the
    text verbatim is taken.
    """
    return told(prediction, choices, [Rule.of(choice, choices) for choice in choices])


def told(prediction: str, choices: Sequence[str], rules: Sequence[Rule]) -> int | None:
    """`marked` with the rule of each choice at hand, for many predictions over the same choices."""
    said = tokens(prediction)
    named = list(dict.fromkeys(choice for choice, rule in zip(choices, rules, strict=True) if rule.accepts(said)))
    if len(named) > 1:
        folded = prediction.casefold()
        named = [choice for choice in named if choice.strip().casefold() in folded]
    return choices.index(named[0]) if len(named) == 1 else None
