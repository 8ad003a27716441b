"""The form that a system's answers are in: free text, a letter, or an option's number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gemma_audio.data.text import short

NO_ANSWER = "no answer"
UNUSABLE = "unusable answer"
LONGEST = 20  # characters of a number or a letter


class Form(StrEnum):
    """How answers are given; `zero_based` and `one_based` say from what number options are counted, `auto` finds all out."""

    auto = "auto"
    text = "text"
    letter = "letter"
    zero_based = "index"
    one_based = "index1"


@dataclass(frozen=True)
class Answer:
    """What a row (the first is 1) says: a text, an option (a number or a letter), or both; or, in `fault`, why it gives none."""

    row: int
    text: str | None = None
    option: int | str | None = None
    fault: str = ""

    def index(self, form: Form, count: int) -> int | None:
        """The index of its option among `count` choices; None without one."""
        if self.option is None:
            return None
        index = ord(self.option) - ord("A") if isinstance(self.option, str) else self.option - (form == Form.one_based)
        return index if 0 <= index < count else None


def form_of(values: Sequence[Any], options: bool) -> Form:
    """The form of a column; JSON's whole numbers are indices in any, digits and letters only in a column of `options`."""
    given = [value for value in values if value not in (None, "")]
    if given and all(type(value) is int for value in given):
        return Form.zero_based
    if not options or not given:
        return Form.text
    if all(whole(value) is not None for value in given):
        return Form.zero_based
    return Form.letter if all(single_letter(value) for value in given) else Form.text


def answer(row: int, value: Any, form: Form) -> Answer:
    """One cell as an answer; numbers are read as text where the form is text, NaN is none."""
    if value is None or value != value or (value == "" and form != Form.text):
        return Answer(row, fault=NO_ANSWER)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return Answer(row, fault=f"{UNUSABLE} {short(value)}")
    if form in (Form.zero_based, Form.one_based):
        number = whole(value)
        return Answer(row, fault=f"{UNUSABLE} {short(value)}") if number is None else Answer(row, option=number)
    named = single_letter(value) if form == Form.letter else ""
    return Answer(row, option=named) if named else Answer(row, text=str(value))


def whole(value: Any) -> int | None:
    """3, 3.0, "3" and "3.0" (as pandas writes a column with gaps) as 3; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value) if not isinstance(value, str) or len(value) < LONGEST else float("nan")
    except (ValueError, OverflowError):
        return None
    return int(number) if abs(number) < 1e9 and number == int(number) else None


def single_letter(value: Any) -> str:
    """The letter of "B", "b", "(B)" or "B."; empty for anything else."""
    bare = value.strip().strip("().:[]").upper() if isinstance(value, str) and len(value) < LONGEST else ""
    return bare if len(bare) == 1 and "A" <= bare <= "Z" else ""
