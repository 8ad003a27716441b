"""The verdict's first line against numbers taken elsewhere, and its truth where little is known."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gemma_audio.analysis.contrast import contrast
from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.verdict import primary_lines, verdict


def compared(sweep):
    return compare_sweep(read_sweep(sweep.folder))


def test_headline_says_recipe_models_and_subcategories(full):
    comparison = compared(full)
    rows = read_sweep(full.folder).rows
    sides = [
        rows[rows["arm"] == arm].pivot(index="run", columns="id", values="correct_official").to_numpy(float)
        for arm in ("v3", "v2")
    ]
    recipe, models = contrast(*sides, "recipe"), contrast(*sides, "these runs")
    (line,) = primary_lines(comparison)
    low, high = (100 * bound for bound in recipe.interval)
    assert line.startswith(
        f"recipe: v3 - v2 = {100 * recipe.delta:+.1f} points [{low:.1f}, {high:.1f}], 3 + 3 runs, 246 questions, p "
    )
    assert f": v3 is better; these 6 models: [{100 * models.interval[0]:.1f}, {100 * models.interval[1]:.1f}]; of 7" in line
    flagged = [row for row in comparison["subcategories"] if row["pairs"][0]["holm"]]
    quiet = [row["pairs"][0] for row in comparison["subcategories"] if row not in flagged]
    blind = sum(not entry["testable"] for entry in quiet)
    blindly, hardly = r"(?:, (\d) could not)?", r"(?:.*?, (\d) would hardly have been flagged below (\d+))?"
    told = re.search(rf"of 7 subcategories (\d) differs? after correction{blindly}{hardly}", line)
    reach = [entry["mde_flag"] for entry in quiet if entry["testable"] and entry["mde_flag"] is not None]
    least = min(reach, default=None)
    assert flagged
    assert int(told[1]) == len(flagged)
    assert int(told[2] or 0) == blind
    assert int(told[3] or 0) == len(quiet) - blind
    assert told[4] == (None if least is None else f"{100 * least:.0f}")
    assert verdict(comparison)[0] == line
    assert verdict(comparison)[-1] == "Intervals in brackets, in points, have a confidence of 95 %."


def test_worse_is_said_so(full):
    spec = full.spec | {"baseline": "v3", "treatment": "v2"}
    full.save("sweep.json", spec)
    (line,) = primary_lines(compared(full))
    assert line.startswith("recipe: v2 - v3 = -")
    assert ": v2 is worse; " in line


@pytest.mark.parametrize("runs", [1, 2])
def test_nothing_varies(maker, runs):
    sweep = maker(61).plan({"v2": runs, "v3": runs})
    for seed in range(runs):
        for arm in ("v2", "v3"):
            sweep.finish(f"{arm}-seed{seed}", np.ones(len(sweep.items), dtype=int))
    lines = verdict(compared(sweep))
    assert any("v3 - v2 = +0.0 points" in line and ": undecided, " in line for line in lines[:2])
    assert not any(word in line for line in lines for word in ("better;", "worse;", "depends"))
    assert any("of 7 subcategories 0 differ after correction, 7 could not have been flagged" in line for line in lines[:2])


def test_an_empty_sweep_says_what_it_waits_for(maker):
    sweep = maker(62).plan({"v2": 1, "v3": 1})
    comparison = compared(sweep)
    assert verdict(comparison) == [
        "No verdict yet on v3 against v2: no finished run of v3 or v2.",
        "This rests on 0 of 2 cells: 0 failed, 2 missing.",
    ]
    empty = ("pairs", "cuts", "subcategories", "sensitivity", "curves", "probes")
    assert not any(comparison[key] for key in empty)


def test_a_sweep_without_any_cell(maker):
    sweep = maker(63).plan({"v2": 1})
    sweep.save("sweep.json", sweep.spec | {"arms": [], "cells": []})
    assert verdict(compared(sweep)) == ["No verdict yet on v3 against v2: no finished run of v3 or v2."]


def test_best_checkpoints_are_told(full):
    full.save("sweep.json", full.spec | {"select": "best"})
    assert "Each stage was compared at its best step on the dev split, not at its last." in verdict(compared(full))
