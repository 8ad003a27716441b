"""The comparison: statistics of one pair, and whole reports from a sweep's files to the page, with peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.heterogeneity import heterogeneity
from gemma_audio.analysis.pair import compare_scopes
from gemma_audio.analysis.subcategories import compare_bins
from gemma_audio.cli.bench.clock import Work, once, repeated
from gemma_audio.cli.bench.figure import Bound, Figure
from gemma_audio.cli.bench.setting import Setting

DOMAINS = ("sound", "music", "speech")
SUBCATEGORIES, ORDERS = 27, 4
REPORT = """
import resource, sys
from pathlib import Path
from gemma_audio.report.write import write_report
write_report(Path(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def pair(setting: Setting) -> list[Figure]:
    """One pair of arms with three runs each on 1000 items: both scopes, every subcategory, the heterogeneity test."""
    rng, codes = np.random.default_rng(0), np.arange(1000) % SUBCATEGORIES
    ease = rng.beta(0.5, 0.4, codes.size)
    one, two = (Arm(name, (rng.random((3, codes.size)) < ease).astype(float), True) for name in ("one", "two"))
    differences = one.scores.mean(0) - two.scores.mean(0)
    works: dict[str, Work] = {
        "both scopes": partial(compare_scopes, one, two),
        f"{SUBCATEGORIES} subcategories": partial(compare_bins, one, two, codes),
        "heterogeneity test": partial(heterogeneity, differences, codes),
    }
    took = {name: repeated(work, setting.size(9)).cpu for name, work in works.items()}
    note = ", ".join(f"{name} {1000 * seconds:.2g} ms" for name, seconds in took.items())
    return [Figure("statistics of one pair", 1000 * sum(took.values()), "CPU ms", note=note)]


def report(setting: Setting) -> list[Figure]:
    """Three arms in four option orders, three seeds of each that is trained, from their files to the page."""
    folder = setting.scratch / "three_arms"
    items = setting.size(1000, 60)
    sweep(folder, {"base": 1, "v2": 3, "v3": 3}, items, ORDERS)
    took, _ = _reported(folder)
    note = f"base and three seeds of v2 and v3, {items} items, {ORDERS} orders; a fresh process, all its files"
    return [Figure("report of three arms", took, "s", Bound(5), note)]


def large_report(setting: Setting) -> list[Figure]:
    """Two hundred arms of one cell each."""
    folder, cells, items = setting.scratch / "many_arms", setting.size(200, 4), setting.size(1000, 60)
    sweep(folder, {"base": 1, **{f"arm{number}": 1 for number in range(1, cells)}}, items, 1)
    took, memory = _reported(folder)
    return [
        Figure(f"report of {cells} cells", took, "s", Bound(60), f"{cells} arms of one cell, {items} items; a fresh process"),
        Figure("its peak memory", memory / 1e9, "GB", Bound(2), "of that process"),
    ]


def _reported(folder: Path) -> tuple[float, int]:
    """Seconds on the wall and bytes at the peak of a process that writes a sweep's report."""
    said: list[str] = []

    def work() -> None:
        done = subprocess.run([sys.executable, "-c", REPORT, str(folder)], capture_output=True, text=True, check=True)
        said.append(done.stdout)

    took = once(work)
    return took.wall, int(said[0].split()[-1])


def sweep(folder: Path, arms: Mapping[str, int], items: int, orders: int) -> None:
    """A finished sweep's folder: sweep.json and each cell's result, status, scores and, for further orders, controls.

    `arms` gives the number of seeds; `base` is untrained.
    """
    rng = np.random.default_rng(0)
    questions, ease = _questions(items), rng.beta(0.5, 0.4, items)
    cells = [(arm, seed) for arm, seeds in arms.items() for seed in range(seeds)]
    names = list(arms)
    planned: list[dict[str, Any]] = [
        {"name": f"{arm}-seed{seed}", "arm": arm, "seed": seed, "folder": f"{index}-{arm}-{seed}"}
        for index, (arm, seed) in enumerate(cells)
    ]
    folder.mkdir(parents=True)
    spec = {"name": "bench", "baseline": names[-2], "treatment": names[-1], "arms": names, "cells": planned}
    (folder / "sweep.json").write_text(json.dumps(spec))
    for cell in planned:
        _finish(folder / cell["folder"], cell, questions, rng.random((orders, items)) < ease)


def _questions(items: int) -> pd.DataFrame:
    number = np.arange(items)
    kinds = number % SUBCATEGORIES
    return pd.DataFrame(
        {
            "id": [f"q{n:04d}" for n in number], "task": [DOMAINS[kind % 3] for kind in kinds],
            "category": np.where(kinds % 2, "Reasoning", "Information Extraction"),
            "subcategory": [f"subject {kind:02d}" for kind in kinds],
            "difficulty": [("easy", "medium", "hard")[n % 3] for n in number], "dataset": "bench",
            "question": [f"What is heard in recording {n}, and how often?" for n in number],
            "choices": json.dumps(["one thing", "another thing", "a third thing", "nothing"]), "answer": "one thing",
        }
    )  # fmt: skip


def _finish(folder: Path, cell: Mapping[str, Any], questions: pd.DataFrame, right: np.ndarray) -> None:
    trained, name = cell["arm"] != "base", str(cell["name"])
    benchmark = {"name": "bench", "sha256": "0" * 64, "revision": "", "n": len(questions), "rejected": []}
    stages = [{"name": "adapter", "fingerprint": name, "steps": 1, "seconds": 1.0}] * trained
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps({"run": name, "stages": stages, "benchmark": benchmark}))
    (folder / "status.json").write_text(json.dumps({"state": "finished"}))
    first = _answered(right[0]).assign(
        method="option_text", order="[0, 1, 2, 3]", logprobs="[-1.0, -2.0, -2.5, -3.0]", failure=""
    )
    pd.concat([questions, first], axis=1).to_csv(folder / "scores.csv", index=False)
    further = [_answered(row).assign(condition=f"order-{n}", id=questions["id"]) for n, row in enumerate(right[1:], 1)]
    if further:
        pd.concat(further).assign(order="[1, 2, 3, 0]", logprobs="", failure="").to_csv(folder / "controls.csv", index=False)


def _answered(right: np.ndarray) -> pd.DataFrame:
    correct = right.astype(int)
    text = np.where(right, "one thing", "nothing")
    return pd.DataFrame({"text": text, "chosen": 3 * (1 - correct), "correct_official": correct, "correct_strict": correct})
