"""Which revision of MMAU a file of predictions was made on, as far as its rows tell."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gemma_audio.evaluation.benchmarks.mmau import revisions
from gemma_audio.evaluation.item import Item
from gemma_audio.evaluation.prediction_file import PredictionFile
from gemma_audio.evaluation.readings import question


def fitting(file: PredictionFile) -> list[str]:
    """The known revisions whose sub-category sizes are the file's, newest first; none where it names no sub-categories."""
    sizes = dict(Counter(row["sub-category"] for row in file.asked.values() if isinstance(row.get("sub-category"), str)))
    return [str(known["label"]) for known in revisions().values() if sizes and sizes == known.get("sub_categories")]


def named(labels: list[str]) -> str:
    """Revisions in a few words."""
    return labels[0] if len(labels) == 1 else f"{len(labels)} revisions from {labels[-1]} to {labels[0]}"


def edited(file: PredictionFile, item: Item) -> bool:
    """Whether the file's own row of a question has other choices or another gold than the benchmark, prefixes aside."""
    row: dict[str, Any] = dict(file.asked.get(item.id, {}))
    choices, answer = row.get("choices"), row.get("answer", item.answer)
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices) or not isinstance(answer, str):
        return False
    there, here = question(tuple(choices), answer), question(item.choices, item.answer)
    same = [choice.strip() for choice in there.bare] == [choice.strip() for choice in here.bare]
    return not same or (answer in choices and there.gold != here.gold)
