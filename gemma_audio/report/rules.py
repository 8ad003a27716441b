"""The same answers by every reading: MMAU's rule, without prefixes, by letter, by strict index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.analysis.arm import Floats
from gemma_audio.evaluation.readings import NOTHING, Readings, question
from gemma_audio.report.scored import RULE, STRICT

PICKED = ("option_text", "letter")  # methods that compare options, so that there is no text to read
LABELS = {
    "official": "the official rule",
    "stripped": "prefixes stripped",
    "letter": "the letter alone",
    "strict": "strict index",
}
READ = ("choices", "answer", "text", "chosen", "method", "failure")


def by_rule(rows: pd.DataFrame) -> dict[str, Floats]:
    """Right (1) or wrong (0) by each of LABELS, for each of a sweep's rows; the official and the strict verdict as recorded."""
    read = [rows[name].to_numpy(dtype=object) for name in READ]
    known: dict[tuple[Any, ...], Readings] = {}
    found = [_reading(key, known) for key in zip(*read, strict=True)]
    return {
        "official": rows[RULE].to_numpy(dtype=np.float64),
        "stripped": np.array([reading.stripped for reading in found], dtype=np.float64),
        "letter": np.array([reading.letter for reading in found], dtype=np.float64),
        "strict": rows[STRICT].to_numpy(dtype=np.float64),
    }


def names_nothing(rows: pd.DataFrame) -> Floats:
    """Whether an answer names no option, or two (1); what has no answer at all is a failure, not this (0)."""
    nothing = (rows["chosen"] == "") & (rows["failure"] == "")
    return np.asarray(nothing, dtype=np.float64)


def _reading(key: tuple[Any, ...], known: dict[tuple[Any, ...], Readings]) -> Readings:
    """Runs often say the same of the same question, so each distinct answer is read once."""
    if key not in known:
        choices, answer, text, chosen, method, failure = key
        known[key] = _read(answer, text, chosen, method, choices=choices, failure=failure)
    return known[key]


def _read(answer: str, text: str, chosen: str, method: str, *, choices: tuple[str, ...], failure: str) -> Readings:
    if failure:
        return NOTHING
    asked = question(choices, answer)
    return asked.pick(int(chosen), text) if method in PICKED and chosen else asked.read(text)
