"""A sweep folder made by hand: MMAU-shaped rows, any number of arms and seeds, hostile text."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

SUBCATEGORIES = {
    ("sound", "Ambient Sound Interpretation"): 40,
    ("sound", "Sound-Based Event Recognition"): 46,
    ("music", "Instrumentation"): 35,
    ("music", "Harmony and Chord Progressions"): 33,
    ("music", "Lyrical Reasoning"): 10,
    ("speech", "Phonemic Stress Pattern Analysis"): 53,
    ("speech", "Counting"): 29,
}
HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "long " * 400,
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd",
    '$x^2$ {{ 7*7 }} | pipe \x07 bell, "quote"',
]
COLUMNS = ["id", "task", "category", "subcategory", "difficulty", "dataset", "question", "choices", "answer"]
COLUMNS += ["method", "order", "text", "chosen", "logprobs", "correct_official", "correct_strict", "failure"]


@dataclass
class Maker:
    """Writes one sweep folder; every part can be damaged afterwards."""

    folder: Path
    rng: np.random.Generator
    items: list[dict[str, str]]
    difficulty: np.ndarray
    spec: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, list[str]] = field(default_factory=dict)  # fingerprints by cell, where not one of its own

    def plan(self, arms: dict[str, int], **extra: Any) -> Maker:
        """sweep.json with `arms` -> number of seeds; seeds vary slowest."""
        cells = [(arm, seed) for seed in range(max(arms.values())) for arm in arms if seed < arms[arm]]
        self.spec = {
            "schema": 1,
            "name": "v2_v3",
            "stamp": "20260101-120000",
            "command": ["gemma-audio", "-m", "sweep=v2_v3", "name=two words"],
            "axis": "recipe",
            "baseline": "v2",
            "treatment": "v3",
            "alpha": 0.05,
            "arms": list(arms),
            "decision": "v3 replaces v2 when the recipe interval excludes 0.",
            "cells": [
                {"index": i, "name": f"{a}-seed{s}", "arm": a, "seed": s, "overrides": [], "folder": f"{i}-{a}-seed{s}"}
                for i, (a, s) in enumerate(cells)
            ],
            "versions": {"torch": "2.11.0"},
            "config": {"recipe": {"name": "v2"}},
        } | extra
        self.folder.mkdir(parents=True, exist_ok=True)
        self.save("sweep.json", self.spec)
        return self

    def cell(self, name: str) -> Path:
        """A cell's folder."""
        return self.folder / next(c["folder"] for c in self.spec["cells"] if c["name"] == name)

    def save(self, relative: str, value: Any) -> None:
        """JSON at a path relative to the sweep folder."""
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))

    def status(self, name: str, state: str, error: dict[str, Any] | None = None, work: str | None = None) -> None:
        """status.json of a cell."""
        times = {"started": "", "ended": "", "seconds": 1}
        self.save(f"{self.cell(name).name}/status.json", {"state": state, "work": work, "error": error, **times})

    @staticmethod
    def stage(number: int, fingerprint: str) -> dict[str, Any]:
        """An entry of result.json's stages."""
        rates = {"lr": 0.001 * (number + 1), "lr_by_part": {"audio_tower": 0.0005} if number else {}}
        return {"name": f"stage{number}", "fingerprint": fingerprint, "action": "trained", "steps": 5, "seconds": 1.0, **rates}

    def control(self, name: str, conditions: dict[str, np.ndarray]) -> None:
        """controls.csv of a finished cell: the 0/1 answers under each condition."""
        rows = [
            {"condition": condition, "id": item["id"], "order": "", "text": "x", "chosen": "", "logprobs": ""}
            | {"correct_official": int(right), "correct_strict": int(right), "failure": ""}
            for condition, answers in conditions.items()
            for item, right in zip(self.items, answers, strict=True)
        ]
        pd.DataFrame(rows).to_csv(self.cell(name) / "controls.csv", index=False)

    def finish(self, name: str, correct: np.ndarray, run: str | None = None, sha: str = "a" * 64, **benchmark: Any) -> None:
        """A finished cell with the given 0/1 answers."""
        cell = next(c for c in self.spec["cells"] if c["name"] == name)
        trained = cell["arm"] != "base"
        stages = self.stages.get(name, [f"tuned-{name}"] * trained)
        identity = {"name": "mmau", "sha256": sha, "revision": "r1", "n": len(correct), "rejected": [], "missing": []} | benchmark
        result = {
            "schema": 1,
            "name": name,
            "arm": cell["arm"],
            "seed": cell["seed"],
            "run": run or (f"{cell['arm']}{cell['seed']:010d}" if trained else "base00000000"),
            "evaluation": "e" * 12,
            "stages": [self.stage(number, fingerprint) for number, fingerprint in enumerate(stages)],
            "benchmark": identity,
            "accuracy": {"official": float(correct.mean()), "strict": float(correct.mean())},
        }
        self.save(f"{cell['folder']}/result.json", result)
        self._scores(self.cell(name) / "scores.csv", correct)
        self.status(name, "finished")

    def _scores(self, path: Path, correct: np.ndarray) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for item, right in zip(self.items, correct, strict=False):
                failure = "missing audio: clips/<img src=x>.wav" if item["id"].endswith("7") and not right else ""
                choices = json.loads(item["choices"])
                gold = choices.index(item["answer"])
                chosen = gold if right else (gold + 1) % 4
                writer.writerow(
                    item
                    | {
                        "method": "option_text",
                        "order": "[0, 1, 2, 3]",
                        "text": choices[chosen],
                        "chosen": chosen,
                        "logprobs": "[]",
                    }
                    | {"correct_official": int(right), "correct_strict": int(right), "failure": failure}
                )

    def answers(self, shift: float = 0.0, where: dict[str, float] | None = None) -> np.ndarray:
        """Random 0/1 answers: each item's own difficulty, moved by `shift` and by subcategory."""
        moved = np.array([(where or {}).get(item["subcategory"], 0.0) for item in self.items])
        return (self.rng.random(len(self.items)) < np.clip(self.difficulty + shift + moved, 0.02, 0.98)).astype(int)


def _items(rng: np.random.Generator) -> list[dict[str, str]]:
    items = []
    for (task, subcategory), count in SUBCATEGORIES.items():
        for _ in range(count):
            number, gold = len(items), int(rng.integers(4))
            choices = [f"option {number} {k}" + " longer" * (k == 2) for k in range(4)]
            items.append(
                {
                    "id": f"item-{number:04d}",
                    "task": task,
                    "category": "Reasoning",
                    "subcategory": subcategory,
                    "difficulty": "easy",
                    "dataset": "AudioSet",
                    "question": HOSTILE[number % len(HOSTILE)],
                    "choices": json.dumps(choices),
                    "answer": choices[gold],
                }
            )
    return items


@pytest.fixture
def maker(tmp_path: Path) -> Callable[..., Maker]:
    """Factory of sweep folders by seed."""

    def make(seed: int = 0, name: str = "stamp") -> Maker:
        rng = np.random.default_rng(seed)
        items = _items(rng)
        return Maker(tmp_path / name, rng, items, rng.beta(3, 2, len(items)))

    return make


@pytest.fixture
def full(maker: Callable[..., Maker]) -> Maker:
    """base, v2, v3 by three seeds, all finished; v3 gains, most of all in Phonemic Stress."""
    sweep = maker(1).plan({"base": 3, "v2": 3, "v3": 3})
    base = sweep.answers(-0.08)
    for seed in range(3):
        sweep.finish(f"base-seed{seed}", base)
        sweep.finish(f"v2-seed{seed}", sweep.answers(-0.05 + 0.01 * seed, {"Phonemic Stress Pattern Analysis": -0.25}))
        sweep.finish(f"v3-seed{seed}", sweep.answers(0.08 + 0.01 * seed, {"Phonemic Stress Pattern Analysis": 0.25}))
    return sweep
