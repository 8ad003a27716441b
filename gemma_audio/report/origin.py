"""Where the numbers come from, as tables of the page."""

from __future__ import annotations

from typing import Any

Table = tuple[list[str], list[list[str]]]


def provenance_table(comparison: dict[str, Any]) -> Table:
    """What is known of the benchmark, the code, the time and the seeds."""
    known = comparison["provenance"]
    rows = [[f"benchmark, {key}", str(value)] for key, value in (known.get("benchmark") or {}).items() if value]
    rows += [[f"code, {key}", str(value)] for key, value in (known.get("code") or {}).items()]
    rows += [["when", str(known["when"])]] if known.get("when") else []
    seeds = known.get("seeds") or {}
    return ["what", "value"], rows + [[f"seeds of {arm}", ", ".join(map(str, found))] for arm, found in seeds.items() if found]


def fingerprint_table(comparison: dict[str, Any]) -> Table:
    """The fingerprint of every run, of the stages behind it, and of its evaluation."""
    arms = comparison["provenance"].get("fingerprints") or {}
    rows = [
        [arm, run, "; ".join(f"{stage} {mark}" for stage, mark in about["stages"].items()) or "-", about["evaluation"] or "-"]
        for arm, runs in arms.items()
        for run, about in runs.items()
    ]
    return ["arm", "run", "stages", "evaluation"], rows
