"""Factorials, A/A sweeps, many arms: what a sweep's design adds or leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.verdict import verdict
from gemma_audio.report.write import write_report

FACTORS = {"tower": {"off": ["a", "b"], "on": ["c", "d"]}, "prompts": {"generic": ["a", "c"], "task": ["b", "d"]}}


def crossed(maker, right):
    sweep = maker(41).plan(dict.fromkeys(right, 2), baseline="a", treatment="d", factors=FACTORS)
    for arm, number in right.items():
        for seed in range(2):
            sweep.finish(f"{arm}-seed{seed}", (np.arange(len(sweep.items)) < number + seed).astype(int))
    return compare_sweep(read_sweep(sweep.folder))


def test_main_effects_and_interaction_by_hand(maker):
    comparison = crossed(maker, {"a": 100, "b": 110, "c": 130, "d": 180})
    found = {tuple(effect["factors"]): effect for effect in comparison["factors"]}
    n = 246
    assert found[("tower",)]["delta"] == pytest.approx(((130 + 180) - (100 + 110)) / 2 / n)
    assert found[("prompts",)]["delta"] == pytest.approx(((110 + 180) - (100 + 130)) / 2 / n)
    assert found[("tower", "prompts")]["delta"] == pytest.approx(((180 - 130) - (110 - 100)) / 2 / n)
    assert found[("tower",)]["levels"] == [["off", "on"]]
    assert [effect["kind"] for effect in comparison["factors"]] == ["main effect", "main effect", "interaction"]
    lines = verdict(comparison)
    assert any(line.startswith("tower, on - off (recipe): +20.3 points [") for line in lines)
    assert any(line.startswith("Of 1 two-way interaction 1 differs from 0 after correction: tower x prompts") for line in lines)


def test_an_incomplete_factorial_says_what_is_missing(maker):
    comparison = crossed(maker, {"a": 100, "b": 110, "c": 130})
    assert comparison["factors"] == []
    assert any("arm d has no scores" in note for note in comparison["notes"])


def test_no_factors_no_splits(full):
    comparison = compare_sweep(read_sweep(full.folder))
    assert (comparison["factors"], comparison["splits"]) == (None, None)


def test_an_arm_against_itself(maker):
    sweep = maker(42).plan({"v3": 6}, baseline="v3", treatment="v3")
    for seed in range(6):
        sweep.finish(f"v3-seed{seed}", sweep.answers())
    comparison = compare_sweep(read_sweep(sweep.folder))
    found = comparison["splits"]
    assert (found["arm"], found["runs"], found["size"], found["possible"], found["splits"]) == ("v3", 6, 3, 10, 10)
    first = verdict(comparison)[0]
    assert first == "No pair is compared: the sweep has one arm, v3."
    assert any(
        line.startswith("v3 against itself: over all 10 splits of its 6 runs, 3 against 3") for line in verdict(comparison)
    )
    write_report(sweep.folder)


def test_beyond_twelve_arms_each_is_held_against_baseline_and_untrained(maker):
    arms = ["base", *(f"v{number}" for number in range(13))]
    sweep = maker(43).plan(dict.fromkeys(arms, 1), baseline="v0", treatment="v1")
    for arm in arms:
        sweep.finish(f"{arm}-seed0", sweep.answers())
    comparison = compare_sweep(read_sweep(sweep.folder))
    named = [(entry["treatment"], entry["baseline"]) for entry in comparison["pairs"]]
    assert named[0] == ("v1", "v0")
    assert set(named) == {("v0", "base")} | {(f"v{k}", anchor) for k in range(1, 13) for anchor in ("v0", "base")}
    assert len(named) == len(set(named)) == 25
    assert "14 arms: each is compared with base and v0; the 66 other pairs are left out." in comparison["notes"]
    assert "Plot and Markdown tables show the first 12 of 25 pairs; deltas.csv holds all." in comparison["notes"]
    assert any(line.startswith("Of 24 other pairs ") for line in verdict(comparison))
    write_report(sweep.folder)
    text = (sweep.folder / "report" / "comparison.md").read_text()
    assert "13 more pairs are in deltas.csv." in text
