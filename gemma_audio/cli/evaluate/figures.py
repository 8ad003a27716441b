"""A scorecard in figures, as --json prints them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from gemma_audio.analysis.intervals import wilson
from gemma_audio.evaluation.answer_form import NO_ANSWER
from gemma_audio.evaluation.item import Item
from gemma_audio.evaluation.readings import RULES
from gemma_audio.evaluation.remarks import remarks
from gemma_audio.evaluation.scorecard import Entry, Scorecard
from gemma_audio.report.baselines import trivial_baselines

GROUPS: dict[str, Callable[[Item], str]] = {
    "task": lambda item: item.task,
    "category": lambda item: item.category,
    "sub-category": lambda item: item.subcategory,
    "difficulty": lambda item: item.difficulty,
}


def figures(card: Scorecard) -> dict[str, Any]:
    """Counts, accuracies with 95 % Wilson intervals by each reading, overall and by group, and what the file is.

    Accuracies are fractions of all `n` questions; `missing` have no answer, `unparsed` have one that names no option.
    """
    key, file = card.key, card.file
    counted = {"repeated": len(card.repeated), "contradicting": card.contradicting}
    return {
        **_level(card.entries),
        "extra": len(card.extra),
        "duplicates": counted,
        "baselines": _baselines(card),
        "by": {name: _grouped(card.entries, of) for name, of in GROUPS.items()},
        "benchmark": {"sha256": key.sha256, "revision": key.revision, "gold": key.gold, "rejected": len(key.rejected)},
        "predictions": {"sha256": file.sha256, "rows": file.rows, "column": file.column, "form": str(card.form)},
        "warnings": [*key.warnings, *remarks(card)],
    }


def _baselines(card: Scorecard) -> dict[str, float]:
    items = [(entry.item.choices, entry.item.answer) for entry in card.entries]
    return trivial_baselines(pd.DataFrame(items, columns=["choices", "answer"]))


def _level(entries: Sequence[Entry]) -> dict[str, Any]:
    missing = sum(entry.failure.startswith(NO_ANSWER) for entry in entries)
    counts = {"n": len(entries), "missing": missing, "unparsed": sum(entry.unparsed for entry in entries)}
    return {**counts, **{rule: _accuracy(entries, rule) for rule in RULES}}


def _accuracy(entries: Sequence[Entry], rule: str) -> dict[str, Any]:
    correct = sum(getattr(entry.readings, rule) for entry in entries)
    return {"correct": correct, "accuracy": correct / len(entries), "interval": list(wilson(correct, len(entries)))}


def _grouped(entries: Sequence[Entry], of: Callable[[Item], str]) -> dict[str, Any]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(of(entry.item), []).append(entry)
    return {name: _level(group) for name, group in sorted(groups.items())}
