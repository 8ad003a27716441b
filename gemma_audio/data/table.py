"""A user's own file of rows: a JSON list, JSON lines or CSV, with columns of any name."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gemma_audio.errors import GemmaAudioError, Problem

FORMATS = (".json", ".jsonl", ".ndjson", ".csv")
SHOWN = 30  # columns named in a message
LONGEST_CELL = 2**31 - 1  # the csv module's own limit is 131,072 characters, which a model's answer may exceed


@dataclass(frozen=True)
class Unreadable:
    """A line that is no row, and why."""

    reason: str


@dataclass(frozen=True)
class Table:
    """The rows of a file (usually dicts; a list of choices may be JSON in a text), its sha256, and every column that occurs."""

    sha256: str
    rows: list[Any]
    columns: tuple[str, ...]

    def named(self, columns: Mapping[str, str], keys: Sequence[str]) -> list[Any]:
        """The rows with our keys in place of the file's columns; empty cells are left out, as if the key were missing."""
        return [_named(row, columns, keys) if isinstance(row, dict) else row for row in self.rows]

    def problems(self, place: str, columns: Mapping[str, str], required: Sequence[str]) -> Iterator[Problem]:
        """Columns that `place` names but the file lacks, and required ones that are in no row."""
        found = ", ".join(self.columns[:SHOWN]) or "none"
        for key in dict.fromkeys((*required, *columns)):
            if (column := columns.get(key, key)) not in self.columns:
                near = get_close_matches(column, self.columns, n=1)
                remedy = f"+{place}.columns.{key}={near[0] if near else 'COLUMN'} says which column holds it."
                yield Problem(f"{place}.file", f"no column '{column}' in any row; found: {found}", remedy)

    def unused(self, columns: Mapping[str, str], keys: Sequence[str]) -> list[str]:
        """Columns that are read by none of our keys."""
        used = {columns.get(key, key) for key in keys}
        return [column for column in self.columns if column not in used]


def read(path: Path, remedy: str) -> Table:
    """Read a file whose suffix says what it is; a single line that is no JSON becomes Unreadable.

    Raises GemmaAudioError where the file is missing, unreadable, empty, of another format, or no list of rows.
    """
    if path.suffix.lower() not in FORMATS:
        raise _refusal(path, f"unknown format '{path.suffix}'; allowed: {', '.join(FORMATS)}", remedy)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
        rows = _rows(path.suffix.lower(), text)
    except OSError as error:
        raise _refusal(path, f"cannot be read ({error.strerror})", remedy) from None
    except (ValueError, RecursionError, csv.Error) as error:
        raise _refusal(path, f"not {path.suffix.lower().lstrip('.').upper()} in UTF-8 ({error})", remedy) from None
    if not isinstance(rows, list) or not rows:
        what = "no rows" if isinstance(rows, list) else f"{type(rows).__name__}, not a list of rows"
        raise _refusal(path, f"the file holds {what}", remedy)
    columns = dict.fromkeys(str(key) for row in rows if isinstance(row, dict) for key in row)
    return Table(hashlib.sha256(data).hexdigest(), rows, tuple(columns))


def _rows(suffix: str, text: str) -> Any:
    if suffix == ".json":
        return json.loads(text) if text.strip() else []
    if suffix == ".csv":
        return list(_csv(text))
    return [_line(line) for line in text.split("\n") if line.strip()]


def _csv(text: str) -> Iterator[dict[str, str] | Unreadable]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    for row in reader:
        if None in row:
            yield Unreadable(f"more cells than the {len(reader.fieldnames or [])} columns; quote a cell that holds a comma")
        else:
            yield {key: value for key, value in row.items() if value is not None}


def _line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return Unreadable(f"the line is no JSON ({error})")


def _named(row: Mapping[str, Any], columns: Mapping[str, str], keys: Sequence[str]) -> dict[str, Any]:
    cells = {key: row[columns.get(key, key)] for key in keys if columns.get(key, key) in row}
    if isinstance(cells.get("choices"), str) and cells["choices"].lstrip().startswith("["):
        with suppress(ValueError):  # then it stays a text, and the row's own check says that it is no list
            cells["choices"] = json.loads(cells["choices"])
    if type(cells.get("id")) is int:
        cells["id"] = str(cells["id"])
    return {key: cell for key, cell in cells.items() if cell not in ("", None)}


def _refusal(path: Path, message: str, remedy: str) -> GemmaAudioError:
    return GemmaAudioError(str(Problem(str(path), message, remedy)))
