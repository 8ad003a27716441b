"""An arm's runs lined up item by item, ready for the statistics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.analysis.arm import Arm
from gemma_audio.report.collect import Run, Sweep

RULE = "correct_official"


@dataclass(frozen=True)
class Scored:
    """One arm: `items` (index id, one row per item) in the order of the columns of `arm.scores` and `strict`."""

    arm: Arm
    strict: Arm
    items: pd.DataFrame = field(repr=False)
    benchmark: dict[str, Any] = field(repr=False)


def scored_arms(sweep: Sweep) -> tuple[dict[str, Scored], dict[str, str]]:
    """The arms that can be lined up, and for each other arm with finished cells the reason why not."""
    usable: dict[str, Scored] = {}
    refused: dict[str, str] = {}
    for name in sweep.arms:
        runs = [run for run in sweep.runs if run.arm == name]
        rows = sweep.rows[sweep.rows["arm"] == name]
        reason = _mixed(name, runs, rows) if runs else ""
        if reason:
            refused[name] = reason
        elif runs:
            usable[name] = _scored(name, runs, rows)
    return usable, refused


def unpairable(treatment: Scored, baseline: Scored) -> str:
    """Why two arms share no items to be compared on; empty when they do."""
    one, two = treatment.benchmark, baseline.benchmark
    if one["sha256"] != two["sha256"]:
        return (
            f"scored on different benchmarks, {treatment.arm.name} on {_label(one)} and {baseline.arm.name} on {_label(two)}: "
            "their questions are not the same"
        )
    if set(treatment.items.index) != set(baseline.items.index):
        return f"scored on different questions of {one['name']} ({len(treatment.items)} and {len(baseline.items)})"
    return ""


def _mixed(name: str, runs: list[Run], rows: pd.DataFrame) -> str:
    labels = list(dict.fromkeys(_label(run.benchmark) for run in runs))
    if len(labels) > 1:
        return f"the runs of {name} were scored on different benchmarks: {', '.join(labels)}"
    if len({frozenset(ids) for _, ids in rows.groupby("run")["id"]}) > 1:
        return f"the runs of {name} were scored on different questions"
    return ""


def _scored(name: str, runs: list[Run], rows: pd.DataFrame) -> Scored:
    first = rows[rows["run"] == runs[0].run]
    items = first.set_index("id").sort_index()
    trained = any(run.trained for run in runs)
    official, strict = (_matrix(rows, runs, column) for column in (RULE, "correct_strict"))
    return Scored(Arm(name, official, trained), Arm(name, strict, trained), items, runs[0].benchmark)


def _matrix(rows: pd.DataFrame, runs: list[Run], column: str) -> np.ndarray:
    table = rows.pivot(index="run", columns="id", values=column).sort_index(axis=1)
    return table.loc[[run.run for run in runs]].to_numpy(dtype=np.float64)


def _label(benchmark: dict[str, Any]) -> str:
    return f"{benchmark['name']} (sha256 {str(benchmark['sha256'])[:12]})"
