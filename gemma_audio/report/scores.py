"""scores.csv of one cell: read, checked, typed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS = ["id", "task", "category", "subcategory", "difficulty", "dataset", "question", "choices", "answer"]
COLUMNS += ["method", "order", "text", "chosen", "logprobs", "correct_official", "correct_strict", "failure"]
OPTIONAL = ["audio"]  # the item's clip; absent where there is none to listen to
CORRECT = ("correct_official", "correct_strict")


class DamagedFile(Exception):
    """A file of a cell that cannot be used; the message names the file and says why."""


def read_scores(path: Path) -> pd.DataFrame:
    """One row per item: text columns as str, `correct_*` as 0/1 int, `choices` as tuples of str; `audio` is "" where absent.

    DamagedFile on an unreadable file, a missing column, no rows, a repeated id or a value that is not what its column holds.
    """
    rows = read_text(path, COLUMNS)
    if rows.empty:
        raise DamagedFile(f"{path.name} holds no rows")
    return _typed(rows.reindex(columns=[*COLUMNS, *OPTIONAL], fill_value=""), path.name)


def read_text(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """A CSV file with every value as text. DamagedFile where it cannot be read or lacks one of `columns`."""
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise DamagedFile(f"{path.name} cannot be read: {error}") from error
    absent = [column for column in columns if column not in rows.columns]
    if absent:
        raise DamagedFile(f"{path.name} lacks the column{'s' if len(absent) > 1 else ''} {', '.join(absent)}")
    return rows


def _typed(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    repeated = rows.loc[rows["id"].duplicated(), "id"]
    if len(repeated):
        raise DamagedFile(f"{name} holds the id {repeated.iloc[0]!r} more than once")
    for column in CORRECT:
        bad = rows.loc[~rows[column].isin(["0", "1"])]
        if len(bad):
            raise DamagedFile(f"{name}, id {bad['id'].iloc[0]!r}: {column} is {bad[column].iloc[0]!r}, allowed are 0 and 1")
    choices = [_choices(text, name, item) for text, item in zip(rows["choices"], rows["id"], strict=True)]
    parsed = pd.Series(choices, index=rows.index, dtype=object)
    return rows.assign(choices=parsed, **{column: rows[column].astype(int) for column in CORRECT})


def _choices(text: str, name: str, item: str) -> tuple[str, ...]:
    try:
        values: Any = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise DamagedFile(f"{name}, id {item!r}: choices is {text[:60]!r}, expected a JSON list of strings")
    return tuple(values)
