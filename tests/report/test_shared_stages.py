"""Runs that continue the same sealed stage are blocks, whichever arm they belong to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.verdict import verdict


def shared(maker, stages):
    """v2 and v3 with three seeds each on the stages given per cell; the seed moves both arms alike by ten questions."""
    sweep = maker(31).plan({"v2": 3, "v3": 3})
    sweep.stages = stages
    n = len(sweep.items)
    for seed in range(3):
        for arm, more in (("v2", 0), ("v3", 6)):
            sweep.finish(f"{arm}-seed{seed}", (np.arange(n) < 100 + 10 * seed + more).astype(int))
    return compare_sweep(read_sweep(sweep.folder))


def chains(*encoders):
    return {f"{arm}-seed{s}": [encoder, f"adapter-{arm}-{s}"] for s, encoder in enumerate(encoders) for arm in ("v2", "v3")}


def test_shared_stages_pair_the_runs(maker):
    entry = shared(maker, chains("e0", "e1", "e2"))["pairs"][0]
    assert entry["blocks"] == 3
    # each seed's pair differs by exactly 6 questions, so nothing varies between blocks and only items are left
    assert entry["se_runs"] == pytest.approx(0, abs=1e-12)
    assert entry["delta"] == pytest.approx(6 / 246)


def test_unshared_stages_leave_the_noise_of_the_seeds_in(maker):
    entry = shared(maker, {})["pairs"][0]
    assert entry["blocks"] is None
    rates = np.array([100, 110, 120]) / 246
    assert entry["se_runs"] == pytest.approx((2 * rates.var(ddof=1) / 3) ** 0.5)
    expected = stats.ttest_ind(rates + 6 / 246, rates, equal_var=False)
    assert expected.statistic == pytest.approx(entry["delta"] / entry["se_runs"])


def test_one_first_stage_for_all_seeds_makes_no_recipe_claim(maker):
    comparison = shared(maker, chains("e", "e", "e"))
    entry = comparison["pairs"][0]
    assert (entry["scope"], entry["blocks"]) == ("these runs", 1)
    assert "continue one sealed stage" in verdict(comparison)[0]


def test_a_later_stage_alone_is_not_shared_when_the_first_differs(maker):
    stages = {f"{arm}-seed{s}": [f"{arm}{s}", "same-name"] for s in range(3) for arm in ("v2", "v3")}
    assert shared(maker, stages)["pairs"][0]["blocks"] is None


def test_the_verdict_names_the_shared_stages(maker):
    assert "3 + 3 runs on 3 shared stages, 246 questions" in verdict(shared(maker, chains("e0", "e1", "e2")))[0]
