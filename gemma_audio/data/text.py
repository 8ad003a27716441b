"""What may not stand in a text that a model reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

CONTROL = re.compile(r"<\|[\w|]*>?|\w+\|>|<(?:pad|eos|bos|unk|mask)>")
LONGEST = 120


def control_faults(texts: Iterable[Any]) -> Iterator[str]:
    """Texts that would be read as the end of a turn or as a second sound, which makes the whole batch fail."""
    for text in texts:
        if isinstance(text, str) and (found := CONTROL.search(text)):
            yield f"the text {short(text)} holds the control token {found[0]}"


def short(value: Any) -> str:
    """A value as Python writes it, cut to 120 characters."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
