"""Four ways of reading one answer, side by side: what a score hangs on besides the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gemma_audio.data.layout import letter as name_of
from gemma_audio.evaluation.score import Rule, tokens, told

RULES = ("official", "stripped", "letter", "strict")

# Every repetition is bounded, so that a text of any length is read in time that grows with its length.
OPENING = re.compile(
    r"[\s*_`\"'(\[]{0,12}([A-Za-z])(?:[*_]{0,3}[)\]]|[*_]{0,3}[.:][*_]{0,3}(?=\s|$)|[ \t]{0,3}\n)[*_]{0,3}\s{0,9}"
)
ALONE = re.compile(r"[\s*_`\"'(\[]{0,12}([A-Za-z])[\s*_`\"')\].:,;!]{0,12}")
CUE = r"(?i:\b(?:answer|option|choice)[*_]{0,3}(?:\s{1,3}is)?)[\s:*_]{0,8}[(\[]?"
NO_LETTER = r"(?![AI]\s{1,3}[a-z]|[A-G]\s{1,3}(?i:major|minor|sharp|flat)\b)"  # "the answer is A dog", "the answer is C major"
SAID = re.compile(CUE + NO_LETTER + r"([A-Z])\b(?!['’])")
BRACKETED = re.compile(r"\(([A-Z])\)")


@dataclass(frozen=True)
class Readings:
    """Whether an answer is right by each reading.

    `official` is MMAU's rule on the texts as they are; `stripped` the same without "(A) " before answer and choices; `letter`
    goes by the letter that the answer gives, `strict` by the one option that it names. `chosen` is that option's index, None
    where it names none or contradicts itself.
    """

    official: bool
    stripped: bool
    letter: bool
    strict: bool
    chosen: int | None


NOTHING = Readings(False, False, False, False, None)
"""No answer: wrong by every reading."""


@dataclass(frozen=True)
class Question:
    """Choices and answer, ready for many answers: `bare` is without prefixes, `gold` are the indices of the answer's text."""

    bare: tuple[str, ...]
    prefixed: bool
    gold: tuple[int, ...]
    written: Rule
    stripped: Rule
    options: tuple[Rule, ...]

    def read(self, text: str) -> Readings:
        """Read a free text."""
        plain, said = unprefixed(text, self.bare), tokens(text)
        by_letter = letter_in(text, len(self.bare))
        chosen = self._named(plain, by_letter)
        stripped = said if plain is text else tokens(plain)
        return Readings(
            official=self.written.accepts(said),
            stripped=self.stripped.accepts(stripped),
            letter=by_letter in self.gold,
            strict=chosen in self.gold,
            chosen=chosen,
        )

    def pick(self, chosen: int, text: str) -> Readings:
        """Read an option that the system picked itself; `text` is what it wrote, or the choice where it wrote nothing."""
        right = chosen in self.gold
        words = tokens(text)
        bare = tokens(unprefixed(text, self.bare))
        return Readings(self.written.accepts(words), self.stripped.accepts(bare), right, right, chosen)

    def _named(self, plain: str, by_letter: int | None) -> int | None:
        """An option verbatim, or else the one that letter and words name, unless they name two."""
        folded = plain.strip().casefold()
        verbatim = [i for i, choice in enumerate(self.bare) if choice.strip().casefold() == folded]
        by_words = verbatim[0] if verbatim else told(plain, self.bare, self.options)
        if by_words is None or by_letter is None:
            return by_letter if by_words is None else by_words
        if self.bare[by_words] == self.bare[by_letter] or (verbatim and len(folded) == 1):
            return by_words
        return None


@lru_cache(maxsize=20_000)
def question(choices: tuple[str, ...], answer: str) -> Question:
    """The question with these choices and this answer, in whichever form they are written; kept, as arms share questions."""
    prefixed = is_prefixed(choices)
    bare = tuple(map(_without, choices)) if prefixed else choices
    gold = _without(answer) if prefixed and answer in choices else answer
    return Question(
        bare,
        prefixed,
        tuple(i for i, choice in enumerate(choices) if choice == answer or (prefixed and bare[i] == gold)),
        Rule.of(answer, choices),
        Rule.of(gold, bare),
        tuple(Rule.of(choice, bare) for choice in bare),
    )


def is_prefixed(choices: Sequence[str]) -> bool:
    """Whether every choice begins with its own letter, such as "(A) " or "A. "."""
    found = [OPENING.match(choice) for choice in choices[:26]]
    return all(match is not None and match[1] == name_of(i) for i, match in enumerate(found)) and len(choices) > 1


def unprefixed(text: str, choices: Sequence[str]) -> str:
    """The text without a letter before it, where that is a letter of one of `choices`; a choice's own text stays whole."""
    match = OPENING.match(text)
    if match is None or _index(match[1], len(choices)) is None or text.strip() in {choice.strip() for choice in choices}:
        return text
    return text[match.end() :]


def letter_in(text: str, count: int) -> int | None:
    """The index of the one letter, of `count`, that a text gives as its answer; None where it gives none or several.

    A letter alone, one that opens the text ("B) rain"), those after "answer", "option" or "choice", or those in round brackets,
    whichever of these comes first in this list.
    """
    if (first := ALONE.fullmatch(text.strip()) or OPENING.match(text)) is not None:
        return _index(first[1], count)
    for form in (SAID, BRACKETED):
        if found := {_index(name, count) for name in form.findall(text)}:
            return found.pop() if len(found) == 1 else None
    return None


def _index(name: str, count: int) -> int | None:
    index = ord(name.upper()) - ord("A")
    return index if index < count else None


def _without(choice: str) -> str:
    match = OPENING.match(choice)
    return choice[match.end() :] if match else choice
