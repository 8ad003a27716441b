"""How a question and its choices are laid out; training and evaluation share it, so that neither sees a format of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

PROMPT = "{question}\n{choices}"
CHOICE = "({letter}) {text}"
SEPARATOR = "\n"


def letter(index: int) -> str:
    """A for 0, B for 1, and so on to Z.

    Raises ValueError past 26 choices; MMAU's rows hold at most 8.
    """
    if not 0 <= index < 26:
        raise ValueError(f"choice number {index + 1}: at most 26 choices have letters")
    return chr(ord("A") + index)


def lay_out(question: str, choices: Sequence[str], prompt: str = PROMPT, choice: str = CHOICE, separator: str = SEPARATOR) -> str:
    """The text of one question; a template's other braces are left alone."""
    listed = separator.join(
        choice.replace("{letter}", letter(i)).replace("{text}", text.strip()) for i, text in enumerate(choices)
    )
    parts = {"{choices}": listed, "{question}": question.strip()}
    return re.sub(r"\{choices\}|\{question\}", lambda match: parts[match[0]], prompt)
