"""A file of answers that some system gave: which column they are in, and the answers to each id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemma_audio.data.table import FORMATS, Table, Unreadable, read
from gemma_audio.data.text import short
from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.evaluation.answer_form import NO_ANSWER, UNUSABLE, Answer, Form, answer, form_of, whole

TEXTS = ("model_output", "model_prediction", "answer_prediction", "prediction", "model_answer", "response", "output", "text")
"""Columns of free text, as MMAU's evaluation.py, MMAU's README, MMAR and others name theirs."""

OPTIONS = ("chosen", "predicted_index", "choice_index", "choice", "option", "letter")
"""Columns of a chosen option."""

OWN = {"method", "order", "chosen", "text"}
"""Columns of this project's predictions.jsonl and scores.csv, where both the text and the option are known."""

FREE = "generate"
"""The method of those whose option was read from the text; the others compare options."""

REMEDY = f"Give a file ({', '.join(FORMATS)}) of rows with an id and an answer."
ID_REMEDY, ANSWER_REMEDY = "--id COLUMN says which holds the ids.", "--answers COLUMN says which holds the answers."


@dataclass(frozen=True)
class PredictionFile:
    """Answers by id in the order of the file, several where an id occurs again; `bad` are rows without an id, and why.

    `column` is where the answers stand, in the form `form`, `told` or found out; `asked` is the first row of each id.
    """

    path: Path
    sha256: str
    column: str
    form: Form
    told: bool
    rows: int
    answers: Mapping[str, list[Answer]] = field(repr=False)
    asked: Mapping[str, Mapping[str, Any]] = field(repr=False)
    bad: list[tuple[int, str]]


def read_predictions(path: Path, answers: str = "", form: Form = Form.auto, key: str = "id") -> PredictionFile:
    """Read a file of predictions; the columns `answers` and `key` hold answers and ids ("": the first known name that is there).

    Raises GemmaAudioError for a file that cannot be used as a whole, or where it is not clear which column holds the answers.
    """
    table = _table(path, key, answers)
    rows = {number: row for number, row in enumerate(table.rows, start=1) if isinstance(row, dict)}
    columns = [answers] if answers else _candidates(path, table.columns)
    values = {number: _value(path, number, row, columns) for number, row in rows.items()}
    told = form != Form.auto
    own = set(table.columns) >= OWN and columns == ["text"] and not told
    if not told:
        form = Form.text if own else form_of(list(values.values()), columns[0] in OPTIONS)
    found: dict[str, list[Answer]] = {}
    asked: dict[str, Mapping[str, Any]] = {}
    for number, row in rows.items():
        if name := _id(row.get(key)):
            asked.setdefault(name, row)
            found.setdefault(name, []).append(_own(number, row) if own else answer(number, values[number], form))
    bad = list(_bad(table.rows, key))
    return PredictionFile(path, table.sha256, " or ".join(columns), form, told, len(table.rows), found, asked, bad)


def _table(path: Path, key: str, answers: str) -> Table:
    """The file's rows, with the columns that were named in it."""
    if path.is_dir():
        raise _refusal(path, "is a folder, not a file", REMEDY)
    table = read(path, REMEDY)
    for column, remedy in ((key, ID_REMEDY), (answers, ANSWER_REMEDY)):
        if column and column not in table.columns:
            raise _refusal(path, f"no column '{column}' in any row; found: {_names(table.columns)}", remedy)
    return table


def _candidates(path: Path, found: tuple[str, ...]) -> list[str]:
    """The columns that hold the answers, by name; `answer` only where it cannot be the benchmark's gold."""
    texts, options = ([name for name in known if name in found] for known in (TEXTS, OPTIONS))
    last = ["answer"] if "answer" in found and not {"choices", "question"} & set(found) else []
    if columns := texts or options or last:
        return columns
    known = ", ".join((*TEXTS, *OPTIONS))
    raise _refusal(path, f"no column of answers; found: {_names(found)}; known names: {known}", ANSWER_REMEDY)


def _value(path: Path, number: int, row: Mapping[str, Any], columns: list[str]) -> Any:
    """A row's answer; with several columns the one that is filled, and they must not contradict each other."""
    filled = [row[name] for name in columns if row.get(name) not in (None, "")]
    if any(value != filled[0] for value in filled[1:]):
        message = f"row {number} has different answers in its columns {' and '.join(columns)}: {', '.join(map(short, filled))}"
        raise _refusal(path, message, f"--answers {columns[0]} decides.")
    return filled[0] if filled else next((row[name] for name in columns if name in row), None)


def _own(number: int, row: Mapping[str, Any]) -> Answer:
    if row.get("failure"):
        return Answer(number, fault=f"{NO_ANSWER}: {short(row['failure'])[1:-1]}")
    if not isinstance(row.get("text"), str):
        return Answer(number, fault=NO_ANSWER if row.get("text") is None else f"{UNUSABLE} {short(row['text'])}")
    chosen = None if row.get("method") == FREE else whole(row.get("chosen"))
    return Answer(number, row["text"], chosen)


def _bad(rows: list[Any], key: str) -> Iterator[tuple[int, str]]:
    for number, row in enumerate(rows, start=1):
        if isinstance(row, Unreadable):
            yield number, row.reason
        elif not isinstance(row, dict):
            yield number, f"a row is an object, this one is {type(row).__name__}"
        elif not _id(row.get(key)):
            yield number, f"{key} is no text: {short(row.get(key))}"


def _id(value: Any) -> str:
    """An id without blanks around it; empty where it is none."""
    return str(value).strip() if type(value) is int or isinstance(value, str) else ""


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(short(name)[1:-1] for name in columns[:30]) or "none"


def _refusal(path: Path, message: str, remedy: str) -> GemmaAudioError:
    return GemmaAudioError(str(Problem(str(path), message, remedy)))
