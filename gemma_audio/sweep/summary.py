"""A finished cell in a few numbers, as its trackers keep them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RULE = "correct_official"
GROUPS = {"domain": "task", "subcategory": "subcategory"}


def summary(result: Mapping[str, Any], scores: Path) -> dict[str, Any]:
    """accuracy/official, accuracy/strict; accuracy/domain/NAME, /subcategory/NAME, /control/NAME (official); run, arm, seed.

    `result` is the content of result.json; accuracies are fractions of all questions in `scores`, as scores.csv has them.
    """
    with scores.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    grouped = {f"accuracy/{group}/{name}": value for group, column in GROUPS.items() for name, value in _by(rows, column).items()}
    rules = {f"accuracy/{rule}": result["accuracy"][rule] for rule in ("official", "strict")}
    controls = {f"accuracy/control/{name}": found["official"] for name, found in (result.get("controls") or {}).items()}
    return {**rules, **grouped, **controls, **{key: result[key] for key in ("run", "evaluation", "arm", "seed")}}


def _by(rows: list[dict[str, str]], column: str) -> dict[str, float]:
    found: dict[str, list[bool]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row[RULE] == "1")
    return {name: sum(right) / len(right) for name, right in sorted(found.items())}
