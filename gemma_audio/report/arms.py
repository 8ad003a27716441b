"""Accuracy of each arm: overall, by domain and per run."""

from __future__ import annotations

from typing import Any

import numpy as np

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.intervals import accuracy
from gemma_audio.report.collect import Sweep
from gemma_audio.report.scored import RULE, Scored

DOMAINS = ("sound", "music", "speech")


def arm_entry(sweep: Sweep, name: str, scored: Scored | None, reason: str = "") -> dict[str, Any]:
    """The `arms` entry of comparison.json. Accuracy is None without a finished run, or when its runs cannot be lined up."""
    per_run = [_run_entry(sweep, run.run, name, run.cells) for run in sweep.runs if run.arm == name]
    if scored is None:
        nothing: dict[str, Any] = {"accuracy": None, "strict": None, "interval": None, "interval_method": None, "domains": {}}
        return {"n": 0, "runs": len(per_run), "trained": None, **nothing, "per_run": per_run, "note": reason}
    return {
        "n": len(scored.items),
        "runs": scored.arm.runs,
        "trained": scored.arm.trained,
        **_level(scored.arm, sweep.alpha),
        "strict": float(scored.strict.scores.mean()),
        "domains": _domains(scored, sweep.alpha),
        "per_run": per_run,
        "note": "",
    }


def domains(tasks: list[str]) -> list[str]:
    """The benchmark's domains: sound, music, speech, then any others by name."""
    present = set(tasks)
    return [task for task in DOMAINS if task in present] + sorted(present - set(DOMAINS))


def _domains(scored: Scored, alpha: float) -> dict[str, Any]:
    tasks = scored.items["task"].to_numpy()
    entries = {}
    for domain in domains(tasks.tolist()):
        part = scored.arm.items(np.asarray(tasks == domain))
        entries[domain] = {**_level(part, alpha), "n": part.scores.shape[1]}
    return entries


def _level(arm: Arm, alpha: float) -> dict[str, Any]:
    interval, method = accuracy(arm, alpha)
    return {"accuracy": float(arm.scores.mean()), "interval": interval, "interval_method": method}


def _run_entry(sweep: Sweep, run: str, arm: str, cells: tuple[str, ...]) -> dict[str, Any]:
    correct = sweep.rows.loc[(sweep.rows["arm"] == arm) & (sweep.rows["run"] == run), RULE]
    total = int(correct.sum())
    return {"run": run, "cells": list(cells), "accuracy": total / len(correct), "correct": total, "n": len(correct)}
