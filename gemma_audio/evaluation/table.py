"""The scores file: one row per item, from which every table and test derives."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemma_audio.evaluation.prediction import Prediction
from gemma_audio.evaluation.score import official, strict

COLUMNS = (
    "id", "audio", "task", "category", "subcategory", "difficulty", "dataset", "question", "choices", "answer", "method", "order",
    "text", "chosen", "logprobs", "correct_official", "correct_strict", "failure",
)  # fmt: skip
CONTROL_COLUMNS = (
    "condition", "id", "order", "text", "chosen", "logprobs", "correct_official", "correct_strict", "failure",
)  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """A prediction with both verdicts; a failure is wrong by both."""

    prediction: Prediction
    official: bool
    strict: bool


def score(predictions: Iterable[Prediction]) -> list[Scored]:
    """Both rules over every prediction; nothing is left out."""
    return [_score(prediction) for prediction in predictions]


def _score(prediction: Prediction) -> Scored:
    item = prediction.presented.item
    answered = not prediction.failure
    return Scored(
        prediction,
        official=answered and official(item.answer, prediction.text, item.choices),
        strict=answered and strict(prediction.chosen, item.gold),
    )


def write_scores(scored: Sequence[Scored], method: str, path: Path) -> None:
    """scores.csv in the order of COLUMNS; lists are JSON, no choice and no likelihoods are empty cells."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(_row(entry, method) for entry in scored)


def write_controls(scored: Mapping[str, Sequence[Scored]], path: Path) -> None:
    """controls.csv: one row per condition and item, with those columns of scores.csv that a condition can change."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CONTROL_COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for condition, entries in scored.items():
            writer.writerows(_row(entry, "") | {"condition": condition} for entry in entries)


def write_predictions(predictions: Iterable[Prediction], method: str, path: Path) -> None:
    """predictions.jsonl: one object per item with the raw text."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(prediction.record(method), ensure_ascii=False) + "\n" for prediction in predictions)


def _row(entry: Scored, method: str) -> dict[str, Any]:
    prediction, item = entry.prediction, entry.prediction.presented.item
    return {
        "id": item.id, "audio": item.audio, "task": item.task, "category": item.category, "subcategory": item.subcategory,
        "difficulty": item.difficulty, "dataset": item.dataset, "question": item.question,
        "choices": _json(item.choices), "answer": item.answer, "method": method, "order": _json(prediction.presented.order),
        "text": prediction.text, "chosen": "" if prediction.chosen is None else prediction.chosen,
        "logprobs": _json(prediction.logprobs) if prediction.logprobs else "",
        "correct_official": int(entry.official), "correct_strict": int(entry.strict), "failure": prediction.failure,
    }  # fmt: skip


def _json(values: Sequence[Any]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
