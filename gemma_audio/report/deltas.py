"""deltas.csv: per pair one row for each scope overall, each domain, category and difficulty, and each subcategory."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gemma_audio.report.text import csv_cell

COLUMNS = ["treatment", "baseline", "primary", "scope", "level", "domain", "subcategory", "part", "n", "accuracy_treatment"]
COLUMNS += [
    "accuracy_baseline",
    "delta",
    "low",
    "high",
    "p",
    "p_holm",
    "df",
    "se_items",
    "se_runs",
    "b",
    "c",
    "p_midp",
    "p_exact",
]
COLUMNS += ["q", "holm", "testable", "mde_raw", "mde_flag", "shrunken", "note"]


def deltas_csv(comparison: dict[str, Any]) -> str:
    """The table as CSV text: fractions, empty where there is no value, text cells safe to open in a spreadsheet."""
    frame = pd.DataFrame([*_overall(comparison), *_cuts(comparison), *_subcategories(comparison)], columns=COLUMNS, dtype=object)
    return frame.map(lambda value: csv_cell(value) if isinstance(value, str) else value).to_csv(index=False, lineterminator="\n")


def _overall(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    arms = {name: arm["accuracy"] for name, arm in comparison["arms"].items()}
    return [_row(entry, entry["primary"], arms) | {"level": "overall", "n": entry["n"]} for entry in comparison["pairs"]]


def _cuts(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """`part` is the name of the domain, category or difficulty that `level` says."""
    return [
        _row(entry, entry["primary"], cut["arms"]) | {"level": cut["by"], "part": cut["name"], "n": cut["n"]}
        for cut in comparison["cuts"]
        for entry in cut["pairs"]
    ]


def _subcategories(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    primary = {(entry["treatment"], entry["baseline"]) for entry in comparison["pairs"] if entry["primary"]}
    return [
        _row(entry, (entry["treatment"], entry["baseline"]) in primary, row["arms"])
        | {"level": "subcategory", "domain": row["domain"], "subcategory": row["name"], "n": row["n"]}
        for row in comparison["subcategories"]
        for entry in row["pairs"]
    ]


def _row(entry: dict[str, Any], primary: bool, accuracy: dict[str, float]) -> dict[str, Any]:
    low, high = entry["interval"] or (None, None)
    known = {key: value for key, value in entry.items() if key in COLUMNS}
    sides = {f"accuracy_{side}": accuracy.get(entry[side]) for side in ("treatment", "baseline")}
    return {**known, **sides, "primary": primary, "low": low, "high": high}
