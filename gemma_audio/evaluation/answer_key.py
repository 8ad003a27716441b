"""A benchmark file as a key to answers: questions, choices and gold, without its sounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import AnswerForm
from gemma_audio.data.rejected import Rejected, sift
from gemma_audio.data.table import read
from gemma_audio.data.text import short
from gemma_audio.errors import BenchmarkError, GemmaAudioError, Problem
from gemma_audio.evaluation.benchmarks import mmau
from gemma_audio.evaluation.benchmarks.mcq_file import answer_form, lettered
from gemma_audio.evaluation.benchmarks.rows import MAX_CHOICES
from gemma_audio.evaluation.item import Item
from gemma_audio.evaluation.readings import question

REMEDY = "--benchmark FILE: mmau-test-mini.json, or .json, .jsonl or .csv with id, question, choices (in CSV a JSON list), answer"
NAMES = {"audio_id": "audio", "instruction": "question", "task": "domain", "sub-category": "subcategory"}
"""Names of MMAU's file and of its copy on the Hub for the keys that have another name here."""

KEYS = ("id", "audio", "question", "choices", "answer", "domain", "category", "subcategory", "difficulty", "dataset")
HUB = "other_attributes"
"""The column of the Hub's copy that holds an item's id and groups, as a JSON text."""


@dataclass(frozen=True)
class AnswerKey:
    """The questions of a file in its order; `gold` says how choices are written ("bare", "prefixed", or how many are which).

    A gold text that is none of the choices keeps its question: the official rule is defined for it, the others are wrong.
    """

    name: str
    sha256: str
    revision: str
    gold: str
    items: list[Item]
    rejected: list[Rejected]
    warnings: list[str]


def read_key(path: Path) -> AnswerKey:
    """Read MMAU's annotation file, its copy on the Hub as rows, or any multiple-choice file.

    Raises BenchmarkError for a file that cannot be used as a whole; rows that are no questions are rejected and warned of.
    """
    try:
        table = read(path, REMEDY)
    except GemmaAudioError as error:
        raise BenchmarkError(str(error)) from None
    rows = [_named(row) for row in table.rows]
    like_mmau = "sub-category" in table.columns or HUB in table.columns
    # MMAU always gives texts; in its three broken revisions some are no choice, and such a text may look like a letter.
    form = AnswerForm.text if like_mmau else _form(path, rows)
    kept, rejected = sift([_plain(row, form, path.stem) for row in rows], _faults)
    if not kept:
        reasons = "; ".join(f"row {bad.row}: {bad.reason}" for bad in rejected[:3])
        raise BenchmarkError(str(Problem(str(path), f"none of its {len(rows)} rows is a question ({reasons})", REMEDY)))
    items = [_item(row) for _, row in kept]
    revision, warnings = mmau.describe(table.sha256)
    if not like_mmau:
        revision, warnings = f"{path.name}, answers by {form}", []
    return AnswerKey(path.stem, table.sha256, revision, _gold(items), items, rejected, [*warnings, *_warnings(items, rejected)])


def _named(row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    packed = _json(row.get(HUB))
    flat = {**packed, **row} if isinstance(packed, dict) else row
    known = {NAMES.get(key, key): value for key, value in flat.items()}
    named = {key: known[key] for key in KEYS if known.get(key) not in ("", None)}
    if isinstance(named.get("choices"), str):
        named["choices"] = _json(named["choices"])
    return named


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _form(path: Path, rows: list[Any]) -> AnswerForm:
    try:
        return answer_form(rows)
    except BenchmarkError as error:
        message = str(error).split("\n")[0].removeprefix("evaluation.answer: ")
        remedy = "Write every answer as the text of a choice, or every answer as a letter."
        raise BenchmarkError(str(Problem(str(path), message, remedy))) from None


def _plain(row: Any, form: AnswerForm, dataset: str) -> Any:
    if not isinstance(row, dict):
        return row
    domain = row.get("domain", "all")
    plain = {"audio": "", "question": "", "domain": domain, "category": "all", "subcategory": domain}
    plain |= {"difficulty": "unknown", "dataset": dataset} | row
    if type(plain.get("id")) is int:
        plain["id"] = str(plain["id"])
    if form == AnswerForm.letter and isinstance(plain.get("choices"), list):
        plain["answer"] = lettered(plain) or plain.get("answer")
    return plain


def _faults(row: dict[str, Any]) -> Iterator[str]:
    for key in ("id", "answer"):
        if not (isinstance(row.get(key), str) and row[key].strip()):
            yield f"{key} is no text: {short(row.get(key))}"
    choices = row.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        yield f"choices is no list of texts: {short(choices)}"
    elif not 2 <= len(choices) <= MAX_CHOICES:
        yield f"{len(choices)} choices, allowed are 2 to {MAX_CHOICES}"


def _item(row: dict[str, Any]) -> Item:
    groups = {key: _label(row[key]) for key in ("category", "subcategory", "difficulty", "dataset")}
    texts = {key: str(row[key]) for key in ("audio", "question", "answer")}
    return Item(id=row["id"].strip(), choices=tuple(row["choices"]), task=_label(row["domain"]), **texts, **groups)


def _label(value: Any) -> str:
    # 13 rows of MMAU's file hold ["Reasoning"] instead of "Reasoning".
    return " / ".join(map(str, value)) if isinstance(value, list) else str(value)


def _gold(items: list[Item]) -> str:
    prefixed = sum(question(item.choices, item.answer).prefixed for item in items)
    if prefixed in (0, len(items)):
        return "prefixed" if prefixed else "bare"
    return f"mixed: {prefixed} of {len(items)} prefixed"


def _warnings(items: list[Item], rejected: list[Rejected]) -> Iterator[str]:
    if strange := [item.id for item in items if not question(item.choices, item.answer).gold]:
        where = f"{len(strange)} answers of the benchmark are none of their choices ({listed(strange)})"
        yield f"{where}: only the official rule can find these right"
    if rejected:
        reasons = "; ".join(f"row {bad.row}: {bad.reason}" for bad in rejected[:3])
        yield f"{len(rejected)} rows of the benchmark are no questions and are not scored ({reasons})"


def listed(ids: list[str], shown: int = 5) -> str:
    """The first few of many ids."""
    rest = len(ids) - shown
    return ", ".join(short(key)[1:-1] for key in ids[:shown]) + (f" and {rest} more" if rest > 0 else "")
