"""The contrast against SciPy's own t-tests, and its size when training itself is noisy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.blocks import Side, run_parts
from gemma_audio.analysis.contrast import NOTHING_VARIES, contrast, scopes
from gemma_audio.analysis.variance import Part, total

RUNS, ITEMS = 3, 240


def noisy_arm(rng: np.random.Generator, difficulty: np.ndarray, run_sd: float) -> np.ndarray:
    """Runs whose accuracy shifts by about `run_sd` (a fraction) and which agree on hard and easy items."""
    shift = rng.normal(0, run_sd, (RUNS, 1))
    return (rng.random((RUNS, difficulty.size)) < np.clip(difficulty + shift, 0, 1)).astype(float)


def test_items_only_is_the_paired_t_test():
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 2, (2, 1, 97)).astype(float)
    ours, theirs = contrast(a, b, "these runs"), stats.ttest_rel(a[0], b[0])
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.interval == pytest.approx(tuple(theirs.confidence_interval(0.95)))
    assert ours.df == pytest.approx(96)
    assert ours.se_runs is None


def test_run_parts_alone_are_welchs_t_test():
    """Items that all behave alike within a run leave only run noise: Welch's test on the run means."""
    rng = np.random.default_rng(6)
    means_a, means_b = rng.random(4), rng.random(3)
    a, b = (np.repeat(m[:, None], 10, axis=1) for m in (means_a, means_b))
    ours, theirs = contrast(a, b, "recipe"), stats.ttest_ind(means_a, means_b, equal_var=False)
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.df == pytest.approx(theirs.df)


def test_recipe_adds_run_variance_to_items_variance():
    rng = np.random.default_rng(7)
    a, b = rng.integers(0, 2, (3, 50)).astype(float), rng.integers(0, 2, (1, 50)).astype(float)
    result = contrast(a, b, "recipe")
    d = a.mean(0) - b[0]
    v_items, v_runs = d.var(ddof=1) / 50, a.mean(1).var(ddof=1) / 3
    df = (v_items + v_runs) ** 2 / (v_items**2 / 49 + v_runs**2 / 2)
    assert (result.se_items, result.se_runs) == pytest.approx((v_items**0.5, v_runs**0.5))
    assert result.p == pytest.approx(2 * stats.t.sf(abs(d.mean()) / (v_items + v_runs) ** 0.5, df))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_variance_is_p_one_and_says_so(value):
    result = contrast(np.full((2, 9), value), np.zeros((1, 9)), "recipe")
    assert (result.p, result.interval, result.df, result.note) == (1.0, None, None, NOTHING_VARIES)


def test_one_item_carries_nothing():
    assert contrast(np.ones((1, 1)), np.zeros((1, 1)), "these runs").p == 1.0


def test_alpha_sets_the_width():
    rng = np.random.default_rng(8)
    a, b = rng.integers(0, 2, (2, 1, 60)).astype(float)
    low, high = contrast(a, b, "these runs", alpha=0.01).interval
    assert (low, high) == pytest.approx(tuple(stats.ttest_rel(a[0], b[0]).confidence_interval(0.99)))


@pytest.mark.parametrize(
    ("runs", "trained", "expected"),
    [
        ((3, 3), (True, True), ("recipe", "these runs")),
        ((3, 1), (True, False), ("recipe", "these runs")),
        ((3, 1), (True, True), ("these runs",)),
        ((1, 1), (True, False), ("these runs",)),
        ((1, 1), (False, False), ("these runs",)),
    ],
)
def test_which_scopes_a_pair_carries(runs, trained, expected):
    arms = [Arm(f"arm{i}", np.zeros((n, 4)), t) for i, (n, t) in enumerate(zip(runs, trained, strict=True))]
    carried, why = scopes(*arms)
    assert carried == expected
    assert bool(why) == (expected == ("these runs",))
    if (runs, trained) == ((3, 1), (True, True)):
        assert "arm1" in why
        assert "arm0" not in why


def test_arm_refuses_what_is_not_a_score():
    for scores in (np.zeros(4), np.full((1, 2), 1.5), np.full((1, 2), np.nan), np.zeros((0, 3))):
        with pytest.raises(ValueError, match="arm x"):
            Arm("x", scores, True)


@pytest.mark.parametrize("run_sd", [0.0, 0.02, 0.04])
def test_recipe_scope_holds_its_size_under_run_noise_and_items_only_does_not(run_sd):
    rng, rejected, trials = np.random.default_rng(11), {"recipe": 0, "these runs": 0}, 800
    for _ in range(trials):
        difficulty = rng.beta(2, 1.5, ITEMS)
        a, b = noisy_arm(rng, difficulty, run_sd), noisy_arm(rng, difficulty, run_sd)
        for scope in rejected:
            rejected[scope] += contrast(a, b, scope).p < 0.05
    assert rejected["recipe"] / trials < 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5, "seed 11"
    if run_sd == 0.04:
        assert rejected["these runs"] / trials > 0.15, "seed 11: an items-only test must show why the recipe scope exists"


def parts_of(scores: np.ndarray, codes: np.ndarray | None = None) -> list[Part]:
    return run_parts([Side(1.0, scores)], codes)


def test_pooled_run_parts_add_up_to_the_weighted_mean_of_bin_variances():
    rng = np.random.default_rng(12)
    codes = np.repeat([0, 1, 2], [10, 30, 20])
    scores = rng.random((4, 60))
    direct = sum(n / 60 * scores[:, codes == g].mean(1).var(ddof=1) / 4 for g, n in enumerate((10, 30, 20)))
    parts = parts_of(scores, codes)
    assert sum(p.variance for p in parts) == pytest.approx(direct)
    assert parts[0] == pytest.approx(parts_of(scores)[0])
    assert parts[0] == pytest.approx((scores.mean(1).var(ddof=1) / 4, 3))
    assert parts_of(scores[:1], codes) == []


def test_equal_bins_give_the_two_way_layout_degrees_of_freedom():
    rng = np.random.default_rng(13)
    parts = parts_of(rng.random((3, 40)), np.repeat(np.arange(4), 10))
    assert [p.df for p in parts] == pytest.approx([2, 2 * 3])


def test_one_bin_is_the_overall_run_variance():
    rng = np.random.default_rng(14)
    scores = rng.random((3, 40))
    assert total(parts_of(scores, np.zeros(40, dtype=int))) == pytest.approx(parts_of(scores)[0])


def test_total_ignores_parts_that_do_not_vary():
    assert total([Part(0.0, 3), Part(2.0, 5)]) == (2.0, 5.0)
    assert total([Part(3.0, 0), Part(2.0, 5)]) == (2.0, 5.0)
    assert total([])[0] == 0.0
