"""comparison.json: schema, scopes, and numbers that come from elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gemma_audio.analysis.contrast import contrast
from gemma_audio.report.baselines import trivial_baselines
from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.verdict import verdict

PAIR = {"treatment", "baseline", "scope", "delta", "interval", "p", "df", "se_items", "se_runs"}
PAIR |= {"b", "c", "newcombe", "p_midp", "p_exact"}


def scores(sweep, arm, seeds):
    frames = [pd.read_csv(sweep.cell(f"{arm}-seed{s}") / "scores.csv").set_index("id") for s in seeds]
    return np.stack([frame["correct_official"].sort_index().to_numpy(dtype=float) for frame in frames])


def test_schema(full):
    comparison = compare_sweep(read_sweep(full.folder))
    json.dumps(comparison, allow_nan=False)
    assert comparison["schema"] == 2
    assert comparison["benchmark"] == {"name": "mmau", "sha256": "a" * 64, "revision": "r1", "n": len(full.items)}
    assert {"n", "runs", "accuracy", "interval", "interval_method", "domains", "per_run"} <= comparison["arms"]["v3"].keys()
    assert list(comparison["arms"]["v3"]["domains"]) == ["sound", "music", "speech"]
    assert all(PAIR | {"primary", "runs", "n", "p_holm", "note"} <= entry.keys() for entry in comparison["pairs"])
    extra = {"q", "holm", "testable", "mde_raw", "mde_flag", "shrunken"}
    assert all(PAIR | extra <= entry.keys() for row in comparison["subcategories"] for entry in row["pairs"])
    assert len(comparison["heterogeneity"]) == 3


def test_pairs_and_scopes(full):
    comparison = compare_sweep(read_sweep(full.folder))
    names = [(e["treatment"], e["baseline"], e["scope"], e["primary"]) for e in comparison["pairs"]]
    assert names == [
        (t, b, scope, t == "v3" and b == "v2")
        for t, b in (("v3", "v2"), ("v2", "base"), ("v3", "base"))
        for scope in ("recipe", "these runs")
    ]
    assert comparison["pairs"][0]["runs"] == {"treatment": 3, "baseline": 3}
    assert comparison["pairs"][2]["runs"] == {"treatment": 3, "baseline": 1}
    assert all(entry["b"] is None for entry in comparison["pairs"])


def test_numbers_are_those_of_the_contrast_on_the_files(full):
    comparison = compare_sweep(read_sweep(full.folder))
    v2, v3, base = scores(full, "v2", range(3)), scores(full, "v3", range(3)), scores(full, "base", [0])
    for entry, (t, b) in zip(comparison["pairs"], [(v3, v2)] * 2 + [(v2, base)] * 2 + [(v3, base)] * 2, strict=True):
        expected = contrast(t, b, entry["scope"])
        assert (entry["delta"], entry["p"], entry["df"]) == pytest.approx((expected.delta, expected.p, expected.df))


def test_holm_is_over_the_deciding_scopes_of_the_other_pairs(full):
    entries = compare_sweep(read_sweep(full.folder))["pairs"]
    p = sorted(e["p"] for e in entries if e["scope"] == "recipe" and not e["primary"])
    adjusted = sorted(e["p_holm"] for e in entries if e["p_holm"] is not None)
    assert adjusted == pytest.approx([min(2 * p[0], 1), min(max(2 * p[0], p[1]), 1)])
    assert [e["p_holm"] is None for e in entries] == [True, True, False, True, False, True]


def test_one_trained_run_per_arm_makes_no_recipe_claim(maker):
    sweep = maker(11).plan({"base": 1, "v2": 1, "v3": 1})
    for arm, shift in (("base", 0.0), ("v2", -0.2), ("v3", 0.3)):
        sweep.finish(f"{arm}-seed0", sweep.answers(shift))
    comparison = compare_sweep(read_sweep(sweep.folder))
    assert {e["scope"] for e in comparison["pairs"]} == {"these runs"}
    assert all(e["b"] is not None and e["newcombe"] == e["interval"] and e["p"] == e["p_midp"] for e in comparison["pairs"])
    assert comparison["arms"]["v3"]["interval_method"] == "wilson"
    first, second, *_ = verdict(comparison)
    assert first == "recipe: not decided. No claim about recipes: one trained run of v3 and of v2 does not show run noise."
    assert second.startswith("these runs: v3 - v2 = +")
    assert ": v3 is better; of 7 subcategories" in second


def test_interval_over_zero_is_undecided(maker):
    sweep = maker(12).plan({"v2": 3, "v3": 3})
    for seed in range(3):
        for arm in ("v2", "v3"):
            sweep.finish(f"{arm}-seed{seed}", sweep.answers())
    comparison = compare_sweep(read_sweep(sweep.folder))
    low, high = comparison["pairs"][0]["interval"]
    assert low < 0 < high
    first = verdict(comparison)[0]
    assert first.startswith(
        f"recipe: v3 - v2 = {100 * comparison['pairs'][0]['delta']:+.1f} points [{100 * low:.1f}, {100 * high:.1f}]"
    )
    assert "3 + 3 runs" in first
    assert ": undecided, the interval includes 0; these 6 models: [" in first
    assert not any("better" in line or "worse" in line for line in verdict(comparison))


def test_verdict_counts_rows_that_could_not_be_flagged(maker):
    sweep = maker(13).plan({"v2": 1, "v3": 1})
    answers = sweep.answers()
    changed = answers.copy()
    changed[:9] = 1 - changed[:9]
    sweep.finish("v2-seed0", answers)
    sweep.finish("v3-seed0", changed)
    comparison = compare_sweep(read_sweep(sweep.folder))
    assert [row["pairs"][0]["testable"] for row in comparison["subcategories"]].count(False) == 6
    assert "6 could not have been flagged whatever the direction of their differences" in verdict(comparison)[1]


def test_rows_are_sorted_by_the_primary_shrunken_difference(full):
    rows = compare_sweep(read_sweep(full.folder))["subcategories"]
    values = [row["pairs"][0]["shrunken"] for row in rows]
    assert values == sorted(values, reverse=True)
    assert rows[0]["name"] == "Phonemic Stress Pattern Analysis"
    assert rows[0]["pairs"][0]["holm"]


def test_no_better_than_guessing_is_said(maker):
    sweep = maker(14).plan({"v2": 2, "v3": 2})
    for seed in range(2):
        sweep.finish(f"v2-seed{seed}", sweep.answers(-0.9))
        sweep.finish(f"v3-seed{seed}", sweep.answers(0.3))
    (line,) = [line for line in verdict(compare_sweep(read_sweep(sweep.folder))) if line.startswith("No better than")]
    assert "v2 (" in line
    assert "v3 (" not in line


def test_baselines_by_hand():
    items = pd.DataFrame({"choices": [("a", "bb"), ("a", "a", "ccc", "d")], "answer": ["bb", "a"]})
    assert trivial_baselines(items) == pytest.approx({"chance": 0.5, "always_first": 0.5, "longest": 0.5})


def test_baselines_of_mmau():
    """Known of MMAU test-mini: 39.5 % for the first option, 39.4 % for the longest; 25.5 % for one option at random, and a little
    more by text, since 16 questions list the gold answer more than once."""
    shared = Path(os.environ.get("GEMMA_AUDIO_SHARED", Path(__file__).parents[3] / "shared"))
    file = shared / "mmau" / "mmau-test-mini.json"
    if not file.exists():
        pytest.skip(f"MMAU's annotation file is not at {file}; set GEMMA_AUDIO_SHARED")
    rows = json.loads(file.read_text())
    items = pd.DataFrame({"choices": [tuple(r["choices"]) for r in rows], "answer": [r["answer"] for r in rows]})
    found = trivial_baselines(items)
    assert (found["always_first"], found["longest"]) == pytest.approx((0.395, 0.394), abs=5e-4)
    assert items["choices"].map(lambda choices: 1 / len(choices)).mean() == pytest.approx(0.255, abs=5e-4)
    assert 0.255 < found["chance"] < 0.255 + 16 / 1000


def test_verdict_names_the_smallest_change_that_would_be_flagged(full):
    comparison = compare_sweep(read_sweep(full.folder))
    entries = [row["pairs"][0] for row in comparison["subcategories"]]
    for entry in entries:
        entry.update(testable=True, mde_flag=0.254)
    entries[0]["mde_flag"] = 0.181
    entries[1]["mde_flag"] = None
    lines = verdict(comparison)
    size = "the smallest true change that would be flagged with 80 % power is about 18 to 25 points."
    assert f"In the {len(entries) - 1} tested subcategories {size}" in lines
    assert "In 1 tested subcategory not even the largest change would be flagged with 80 % power." in lines
