"""An arm's runs lined up item by item, ready for the statistics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gemma_audio.analysis.arm import Arm, Codes, Floats
from gemma_audio.report.collect import Run, Sweep
from gemma_audio.report.scores import COLUMNS, OPTIONAL

ITEM = [*COLUMNS[: COLUMNS.index("method")], *OPTIONAL]  # what is the question's, not the answer's
RULE, STRICT = "correct_official", "correct_strict"


@dataclass(frozen=True)
class Scored:
    """One arm: `items` (index id, one row per item) in the order of the columns of `arm.scores` and `strict`.

    `places` (runs, items) are positions in the sweep's rows: any column of them, taken there, is the arm's matrix of it.
    """

    arm: Arm
    strict: Arm
    items: pd.DataFrame = field(repr=False)
    benchmark: dict[str, Any] = field(repr=False)
    places: Codes = field(repr=False)
    labels: tuple[str, ...] = ()

    def matrix(self, column: NDArray[Any]) -> Floats:
        """A column of the sweep's rows as (runs, items)."""
        return np.asarray(column, dtype=np.float64)[self.places]


def scored_arms(sweep: Sweep) -> tuple[dict[str, Scored], dict[str, str]]:
    """The arms that can be lined up, and for each other arm with finished cells the reason why not."""
    usable: dict[str, Scored] = {}
    refused: dict[str, str] = {}
    columns = {name: sweep.rows[name].to_numpy(dtype=np.float64) for name in (RULE, STRICT)}
    places = dict(sweep.rows.groupby(["arm", "run"], sort=False).indices) if len(sweep.rows) else {}
    for name in sweep.arms:
        runs = [run for run in sweep.runs if run.arm == name]
        found = [_by_id(sweep.rows, np.asarray(places[(name, run.run)])) for run in runs]
        reason = _mixed(name, runs, [ids for ids, _ in found]) if runs else ""
        if reason:
            refused[name] = reason
        elif runs:
            items = _known(usable, runs[0], found[0][0])
            items = sweep.rows[ITEM].take(found[0][1]).set_index("id") if items is None else items
            usable[name] = _scored(name, runs, items, np.stack([at for _, at in found]), columns)
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


def _by_id(rows: pd.DataFrame, at: Codes) -> tuple[NDArray[np.object_], Codes]:
    """The ids of a run in order, and where in the rows they stand."""
    ids = rows["id"].take(at).to_numpy(dtype=object)
    order = np.argsort(ids, kind="stable")
    return ids[order], at[order]


def _mixed(name: str, runs: list[Run], ids: list[NDArray[np.object_]]) -> str:
    labels = list(dict.fromkeys(_label(run.benchmark) for run in runs))
    if len(labels) > 1:
        return f"the runs of {name} were scored on different benchmarks: {', '.join(labels)}"
    if not all(np.array_equal(ids[0], other) for other in ids[1:]):
        return f"the runs of {name} were scored on different questions"
    return ""


def _known(usable: dict[str, Scored], run: Run, ids: NDArray[np.object_]) -> pd.DataFrame | None:
    """The questions, where an arm before was asked the same ones."""
    same = (s.items for s in usable.values() if s.benchmark["sha256"] == run.benchmark["sha256"])
    return next((items for items in same if np.array_equal(items.index.to_numpy(dtype=object), ids)), None)


def _scored(name: str, runs: list[Run], items: pd.DataFrame, places: Codes, columns: dict[str, Floats]) -> Scored:
    trained, labels = any(run.trained for run in runs), tuple(map(_root, runs))
    blocks = labels if len(set(labels)) < len(labels) else None
    official, strict = (Arm(name, columns[rule][places], trained, blocks) for rule in (RULE, STRICT))
    return Scored(official, strict, items, runs[0].benchmark, places, labels)


def _root(run: Run) -> str:
    """The independent piece of training that a run rests on: its first sealed stage, else the run itself."""
    return str(run.stages[0].get("fingerprint") or run.run) if run.stages else run.run


def _label(benchmark: dict[str, Any]) -> str:
    return f"{benchmark['name']} (sha256 {str(benchmark['sha256'])[:12]})"
