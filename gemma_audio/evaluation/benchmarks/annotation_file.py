"""An annotation file as a whole: its bytes' sha256 and its list of rows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from gemma_audio.errors import BenchmarkError, Problem


def read(path: Path, remedy: str) -> tuple[str, list[Any]]:
    """The sha256 and the rows of a JSON file that holds a list.

    Raises BenchmarkError where the file is missing, unreadable, no JSON, no list or an empty one.
    """
    data = _bytes(path, remedy)
    try:
        rows = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _refusal(path, f"not JSON in UTF-8 ({error})", remedy) from error
    if not isinstance(rows, list) or not rows:
        kind = "an empty list" if isinstance(rows, list) else f"{type(rows).__name__}, not a list"
        raise _refusal(path, f"the file holds {kind} of questions", remedy)
    return hashlib.sha256(data).hexdigest(), rows


def _bytes(path: Path, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refusal(path, f"cannot be read ({error.strerror})", remedy) from error


def _refusal(path: Path, message: str, remedy: str) -> BenchmarkError:
    return BenchmarkError(str(Problem(str(path), message, remedy)))
