"""Rows in MMAU's schema -> items, and what is wrong with those that are none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from gemma_audio.data.rejected import Rejected, sift
from gemma_audio.data.text import control_faults, short
from gemma_audio.evaluation.item import Item

KEYS = (
    "id", "audio_id", "question", "choices", "answer", "dataset", "task", "split", "category", "sub-category", "difficulty",
)  # fmt: skip
TEXTS = tuple(key for key in KEYS if key not in ("choices", "category"))
MAX_CHOICES = 26
TASKS = ("sound", "music", "speech")
SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def parse(rows: Sequence[Any], domains: Sequence[str] | None = TASKS) -> tuple[list[Item], list[Rejected]]:
    """Every row becomes an Item or a Rejected with its row number (from 1), id and all reasons; the first of equal ids wins.

    `domains` are those that a row's `task` may be; None allows any.
    """
    kept, rejected = sift(rows, lambda row: _faults(row, domains))
    return [_item(row) for _, row in kept], rejected


def _item(row: dict[str, Any]) -> Item:
    return Item(
        id=row["id"],
        audio=row["audio_id"],
        question=row["question"],
        choices=tuple(row["choices"]),
        answer=row["answer"],
        task=row["task"],
        category=" / ".join(_as_list(row["category"])),
        subcategory=row["sub-category"],
        difficulty=row["difficulty"],
        dataset=row["dataset"],
    )


def _as_list(category: str | list[str]) -> list[str]:
    # 13 rows of MMAU's file hold ["Reasoning"] instead of "Reasoning".
    return category if isinstance(category, list) else [category]


def _faults(row: dict[str, Any], domains: Sequence[str] | None) -> Iterator[str]:
    missing = [key for key in KEYS if key not in row]
    if missing:
        yield f"missing {'keys' if len(missing) > 1 else 'key'} {', '.join(missing)}"
    for key in TEXTS:
        if key in row and not (isinstance(row[key], str) and row[key].strip()):
            yield f"{key} is no text: {short(row[key])}"
    yield from _category_faults(row, domains)
    yield from _choice_faults(row)
    yield from _place_faults(row)
    choices = row.get("choices")
    yield from control_faults((row.get("question"), *(choices if isinstance(choices, list) else ())))


def _category_faults(row: dict[str, Any], domains: Sequence[str] | None) -> Iterator[str]:
    category = row.get("category", "-")
    names = _as_list(category)
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        yield f"category is neither a text nor a list of texts: {short(category)}"
    task = row.get("task")
    if domains is not None and isinstance(task, str) and task.strip() and task not in domains:
        yield f"task {short(task)} is none of {', '.join(domains)}"


def _choice_faults(row: dict[str, Any]) -> Iterator[str]:
    if "choices" not in row:
        return
    choices, answer = row["choices"], row.get("answer")
    if not isinstance(choices, list):
        yield f"choices is no list: {short(choices)}"
    elif not 2 <= len(choices) <= MAX_CHOICES:
        yield f"{len(choices)} choices, allowed are 2 to {MAX_CHOICES}"
    elif not all(isinstance(choice, str) and choice.strip() for choice in choices):
        yield f"choices hold something that is no text: {short(choices)}"
    elif isinstance(answer, str) and answer.strip() and answer not in choices:
        yield f"the answer {short(answer)} is not among the choices {short(choices)}"


def _place_faults(row: dict[str, Any]) -> Iterator[str]:
    key, audio = row.get("id"), row.get("audio_id")
    if isinstance(key, str) and key.strip() and not SAFE_ID.fullmatch(key):
        yield f"id {short(key)} is unsafe in a file name; allowed are 1 to 128 letters, digits and . _ -, no leading . or -"
    if isinstance(audio, str) and audio.strip():
        path = PurePosixPath(audio)
        if len(audio) > 255:
            yield "audio_id is longer than 255 characters"
        if path.is_absolute() or ".." in path.parts or "\\" in audio or not audio.isprintable():
            yield f"audio_id {short(audio)} leaves the audio folder"
