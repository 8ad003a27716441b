"""Cuts by domain, category and difficulty against pandas, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep


def single(maker, change):
    """Two single runs that differ where `change` (item -> bool) says so; v3 is right there, v2 is wrong."""
    sweep = maker(21).plan({"v2": 1, "v3": 1})
    for number, item in enumerate(sweep.items):
        item.update(
            category=("Reasoning", "Information Extraction")[number % 2], difficulty=("hard", "easy", "medium")[number % 3]
        )
    old = np.zeros(len(sweep.items), dtype=int)
    new = np.array([int(change(item)) for item in sweep.items])
    sweep.finish("v2-seed0", old)
    sweep.finish("v3-seed0", new)
    return sweep, compare_sweep(read_sweep(sweep.folder))


def test_counts_differences_and_p_of_single_runs(maker):
    sweep, comparison = single(maker, lambda item: item["task"] == "music" and int(item["id"][-1]) < 5)
    by = {(cut["by"], cut["name"]): cut for cut in comparison["cuts"]}
    assert [name for kind, name in by if kind == "domain"] == ["sound", "music", "speech"]
    assert [name for kind, name in by if kind == "difficulty"] == ["easy", "medium", "hard"]
    assert {name for kind, name in by if kind == "category"} == {"Reasoning", "Information Extraction"}
    items = pd.DataFrame(sweep.items)
    for kind, column in (("domain", "task"), ("category", "category"), ("difficulty", "difficulty")):
        for name, rows in items.groupby(column):
            changed = int(((rows["task"] == "music") & (rows["id"].str[-1].astype(int) < 5)).sum())
            (entry,) = by[(kind, name)]["pairs"]
            assert (by[(kind, name)]["n"], entry["n"], entry["b"], entry["c"]) == (len(rows), len(rows), changed, 0)
            assert entry["delta"] == pytest.approx(changed / len(rows))
            assert by[(kind, name)]["arms"] == pytest.approx({"v2": 0.0, "v3": changed / len(rows)})
            exact = stats.binomtest(changed, changed).pvalue if changed else 1.0
            assert entry["p_exact"] == pytest.approx(exact)
            assert entry["p"] == pytest.approx(exact - stats.binom.pmf(0, changed, 0.5) if changed else 1.0)


def test_a_cut_where_nothing_differs_has_an_interval_and_p_one(maker):
    _, comparison = single(maker, lambda item: item["task"] == "music" and int(item["id"][-1]) < 5)
    (speech,) = [cut for cut in comparison["cuts"] if cut["name"] == "speech"]
    low, high = speech["pairs"][0]["interval"]
    assert low < 0 < high
    assert speech["pairs"][0]["p"] == 1


def test_holm_is_within_pair_and_kind(full):
    comparison = compare_sweep(read_sweep(full.folder))
    for number in range(3):
        entries = [cut["pairs"][number] for cut in comparison["cuts"] if cut["by"] == "domain"]
        assert len({(entry["treatment"], entry["baseline"]) for entry in entries}) == 1
        expected = multipletests([entry["p"] for entry in entries], method="holm")[1]
        assert [entry["p_holm"] for entry in entries] == pytest.approx(expected.tolist())
        assert all(entry["scope"] == "recipe" and entry["decides"] for entry in entries)


def test_a_kind_with_one_part_is_no_cut(full):
    comparison = compare_sweep(read_sweep(full.folder))
    assert {cut["by"] for cut in comparison["cuts"]} == {"domain"}, "every item is Reasoning and easy"
    assert list(comparison["arms"]["v3"]["difficulties"]) == ["easy"]


def test_parts_of_an_arm_add_up(maker):
    _, comparison = single(maker, lambda item: int(item["id"][-1]) in (1, 2, 4))
    for arm in comparison["arms"].values():
        for parts in (arm["domains"], arm["categories"], arm["difficulties"]):
            assert sum(part["accuracy"] * part["n"] for part in parts.values()) == pytest.approx(arm["accuracy"] * arm["n"])
            assert sum(part["n"] for part in parts.values()) == arm["n"]
