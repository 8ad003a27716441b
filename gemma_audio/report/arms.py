"""Accuracy of each arm: overall, by domain and per run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.analysis.arm import Arm, Floats
from gemma_audio.analysis.intervals import accuracy
from gemma_audio.report.collect import Run, Sweep
from gemma_audio.report.learning import rates
from gemma_audio.report.scored import RULE, Scored

ORDER = {"task": ("sound", "music", "speech"), "difficulty": ("easy", "medium", "hard")}


@dataclass(frozen=True)
class Lined:
    """An arm whose runs are lined up: its scores, and its controls' (runs, items).

    `rules` and `unparsed` are over the sweep's rows: right by each rule, and whether the answer names no option.
    """

    scored: Scored
    rules: dict[str, Floats]
    unparsed: Floats
    controls: dict[str, Floats]


Counts = dict[tuple[str, str], tuple[int, int]]
"""Right answers and questions per (arm, run)."""


def right_counts(sweep: Sweep) -> Counts:
    """How many questions each run was asked, and answered right."""
    grouped = sweep.rows.groupby(["arm", "run"], sort=False)[RULE] if len(sweep.rows) else None
    totals = grouped.agg(["sum", "size"]) if grouped is not None else pd.DataFrame(columns=["sum", "size"])
    return {key: (int(right), int(n)) for key, right, n in zip(totals.index, totals["sum"], totals["size"], strict=True)}


def arm_entry(sweep: Sweep, name: str, lined: Lined | None, counts: Counts, reason: str = "") -> dict[str, Any]:
    """The `arms` entry of comparison.json. Accuracy is None without a finished run, or when its runs cannot be lined up."""
    per_run = [_run_entry(run, *counts[(name, run.run)]) for run in sweep.runs if run.arm == name]
    trained = {"rates": rates(sweep, name)[0]}
    if lined is None:
        nothing: dict[str, Any] = {"accuracy": None, "strict": None, "interval": None, "interval_method": None, "domains": {}}
        nothing |= {"categories": {}, "difficulties": {}, "rules": {}, "unparsed": None, "controls": {}, **trained}
        return {"n": 0, "runs": len(per_run), "trained": None, **nothing, "per_run": per_run, "note": reason}
    scored = lined.scored
    return {
        "n": len(scored.items),
        "runs": scored.arm.runs,
        "trained": scored.arm.trained,
        **_level(scored.arm, sweep.alpha),
        "strict": float(scored.strict.scores.mean()),
        "domains": _groups(scored, "task", sweep.alpha),
        "categories": _groups(scored, "category", sweep.alpha),
        "difficulties": _groups(scored, "difficulty", sweep.alpha),
        "rules": {rule: float(scored.matrix(values).mean()) for rule, values in lined.rules.items()},
        "unparsed": float(scored.matrix(lined.unparsed).mean()),
        "controls": {condition: float(scores.mean()) for condition, scores in lined.controls.items()},
        **trained,
        "per_run": per_run,
        "note": "",
    }


def ordered(column: str, labels: list[str]) -> list[str]:
    """The distinct labels of a column of the items: in their usual order where they have one, then any others by name."""
    present, usual = set(labels), ORDER.get(column, ())
    return [label for label in usual if label in present] + sorted(present - set(usual))


def _groups(scored: Scored, column: str, alpha: float) -> dict[str, Any]:
    labels = scored.items[column].to_numpy()
    entries = {}
    for name in ordered(column, labels.tolist()):
        part = scored.arm.items(np.asarray(labels == name))
        entries[name] = {**_level(part, alpha), "n": part.scores.shape[1]}
    return entries


def _level(arm: Arm, alpha: float) -> dict[str, Any]:
    interval, method = accuracy(arm, alpha)
    return {"accuracy": float(arm.scores.mean()), "interval": interval, "interval_method": method}


def _run_entry(run: Run, correct: int, n: int) -> dict[str, Any]:
    return {"run": run.run, "cells": list(run.cells), "accuracy": correct / n, "correct": correct, "n": n}
