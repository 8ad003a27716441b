"""The published table beside a reproduction of it, where the benchmark is MMAU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gemma_audio.analysis.published import Row, fit, same_bin
from gemma_audio.evaluation.benchmarks.mmau import revisions

_PACKAGE = Path(__file__).resolve().parent.parent
_CHECKOUT = _PACKAGE.parent / "experiments" / "published_card" / "published.json"
# A wheel carries the file inside the package; a checkout (also when installed editable) has it among the experiments.
FILE = _PACKAGE / "report" / "published.json" if (_PACKAGE / "report" / "published.json").exists() else _CHECKOUT


def is_mmau(benchmark: dict[str, Any], config: dict[str, Any]) -> bool:
    """Whether the questions are MMAU's: read by its loader, or a file that is one of its known revisions."""
    return (config.get("evaluation") or {}).get("benchmark") == "mmau" or benchmark["sha256"] in revisions()


def beside(comparison: dict[str, Any], arm: str, against_base: dict[str, Any] | None) -> dict[str, Any]:
    """Published and reproduced accuracies, and the listed differences beside those of `arm` against an untrained arm.

    Differences appear only for the arm that the published table is about, and only where the comparison has that pair.
    """
    published = json.loads(FILE.read_text(encoding="utf-8"))
    treatment, sha256 = published["treatment"], comparison["benchmark"]["sha256"]
    return {
        "title": published["source"]["title"],
        "n": published["benchmark"]["n"],
        "arms": [_arm(published, comparison, name) for name in ("base", treatment) if name in comparison["arms"]],
        "rows": _rows(published, against_base, treatment) if arm == treatment and against_base else [],
        "fits": _fits(published, sha256),
    }


def _arm(published: dict[str, Any], comparison: dict[str, Any], name: str) -> dict[str, Any]:
    entry = comparison["arms"][name]
    here = {key: entry[key] for key in ("accuracy", "interval", "runs")}
    return {"name": name, "published": published["overall"][name] / 100, **here}


def _rows(published: dict[str, Any], against_base: dict[str, Any], treatment: str) -> list[dict[str, Any]]:
    here = {row["name"]: row for row in against_base["rows"]}
    rows = []
    for row in published["rows"]:
        found = here.get(_bin(row["name"], list(here)))
        rows.append({"name": row["name"], "published": (row[treatment] - row["base"]) / 100, "here": found})
    return rows


def _bin(name: str, bins: list[str]) -> str:
    try:
        return same_bin(name, bins)
    except ValueError:
        return ""


def _fits(published: dict[str, Any], sha256: str) -> bool:
    """Whether the published table can have been scored on the file: every printed figure is possible at its bin sizes."""
    known = revisions().get(sha256)
    rows = [Row(row["name"], row["group"], row["base"], row[published["treatment"]]) for row in published["rows"]]
    return known is not None and all(found.possible for found in fit(rows, known["sub_categories"]))
