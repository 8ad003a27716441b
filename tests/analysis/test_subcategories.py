"""Bins: what is tested, flagged and sorted, and the error rate of the whole table under run noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.bins import measured_bins
from gemma_audio.analysis.blocks import Side, run_parts
from gemma_audio.analysis.contrast import contrast
from gemma_audio.analysis.mcnemar import midp
from gemma_audio.analysis.power import discordance, mde
from gemma_audio.analysis.subcategories import compare_bins

CODES = np.repeat(np.arange(4), [10, 40, 40, 60])


def single(rng: np.random.Generator, rate: float, trained: bool = True) -> Arm:
    return Arm("x", (rng.random((1, CODES.size)) < rate).astype(float), trained)


def test_single_runs_bin_by_bin():
    rng = np.random.default_rng(1)
    t, b = single(rng, 0.7), single(rng, 0.4, trained=False)
    bins = compare_bins(t, b, CODES)
    for code, row in enumerate(bins):
        table = row.comparison.table
        assert sum(table) == row.comparison.items == int(np.bincount(CODES)[code])
        assert row.comparison.contrast.p == midp(table.b, table.c)
    pooled = discordance(t.scores, b.scores)
    tested = sum(row.testable for row in bins)
    assert [row.mde_raw for row in bins] == [mde(int(n), pooled, 0.05, counted=True) for n in np.bincount(CODES)]
    assert [row.mde_flag for row in bins] == [mde(int(n), pooled, 0.05 / tested, counted=True) for n in np.bincount(CODES)]


def test_several_runs_are_the_contrast_of_each_bin_with_the_pooled_run_noise():
    rng = np.random.default_rng(2)
    t, b = (Arm(name, rng.integers(0, 2, (3, CODES.size)).astype(float), True) for name in "tb")
    between = run_parts([Side(1.0, t.scores), Side(-1.0, b.scores)], CODES)
    for code, row in enumerate(compare_bins(t, b, CODES)):
        alone = contrast(t.scores[:, code == CODES], b.scores[:, code == CODES], between=between)
        found = row.comparison.contrast
        assert (found.delta, found.p, found.df) == pytest.approx((alone.delta, alone.p, alone.df))
        assert (*found.interval, found.se_items, found.se_runs) == pytest.approx((*alone.interval, alone.se_items, alone.se_runs))


def test_a_bin_with_too_few_differing_items_is_not_tested_and_has_no_q():
    base = np.zeros((1, CODES.size))
    treat = base.copy()
    treat[0, :3] = 1
    treat[0, CODES == 2] = 1
    bins = compare_bins(Arm("t", treat, True), Arm("b", base, False), CODES)
    assert [row.testable for row in bins] == [False, False, True, False]
    assert [row.q is None for row in bins] == [True, True, False, True]
    assert [row.holm for row in bins] == [False, False, True, False]


def test_mde_comes_from_the_pool_and_not_from_the_bin():
    base, treat = np.zeros((1, CODES.size)), np.zeros((1, CODES.size))
    treat[0, CODES == 3] = 1
    bins = compare_bins(Arm("t", treat, True), Arm("b", base, False), CODES)
    assert bins[1].mde_raw == bins[2].mde_raw is not None


def test_least_p_is_below_every_arrangement_of_signs():
    rng = np.random.default_rng(3)
    base = rng.integers(0, 2, (1, 8)).astype(float)
    treat = rng.integers(0, 2, (3, 8)).astype(float)
    t, b = Arm("t", treat, True), Arm("b", base, False)
    floor = float(measured_bins(t, b, np.zeros(8, dtype=int), "these runs", 0.05).tests.least_p[0])
    d = treat.mean(0) - base[0]
    for signs in np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(8, -1).T:
        x = d * signs
        if x.std() > 0:
            assert stats.ttest_1samp(x, 0).pvalue >= floor - 1e-12


def test_a_bin_where_nothing_differs_has_no_interval():
    rng = np.random.default_rng(4)
    base = rng.integers(0, 2, (1, CODES.size)).astype(float)
    treat = np.repeat(base, 3, axis=0)
    treat[:, CODES > 0] = rng.integers(0, 2, (3, int((CODES > 0).sum())))
    row = compare_bins(Arm("t", treat, True), Arm("b", base, False), CODES)[0]
    assert row.comparison.contrast.interval is None
    assert row.comparison.contrast.p == 1.0
    assert not row.testable


@pytest.mark.parametrize(("run_sd", "bin_sd"), [(0.03, 0.0), (0.02, 0.04), (0.03, 0.12)])
def test_family_wise_error_under_run_noise_and_run_by_bin_noise(run_sd, bin_sd):
    rng, flagged, pointwise, trials = np.random.default_rng(31), 0, 0, 300
    codes = np.repeat(np.arange(8), 40)
    for _ in range(trials):
        difficulty = rng.beta(2, 1.5, codes.size)
        arms = []
        for name in "tb":
            shift = rng.normal(0, run_sd, (3, 1)) + rng.normal(0, bin_sd, (3, 8))[:, codes]
            arms.append(Arm(name, (rng.random((3, codes.size)) < np.clip(difficulty + shift, 0, 1)).astype(float), True))
        bins = compare_bins(*arms, codes)
        flagged += any(row.holm for row in bins)
        pointwise += sum(row.comparison.contrast.p < 0.05 for row in bins)
    assert flagged / trials < 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5, "seed 31"
    assert pointwise / trials / 8 < 0.07, "seed 31"
    assert pointwise > 0


def test_a_screen_by_the_sizes_of_a_bins_differences_is_only_for_items():
    """The noise of a run in a bin shows in those sizes; a screen by them would pick the bins where that noise is large."""
    rng = np.random.default_rng(32)
    base = rng.integers(0, 2, (1, CODES.size)).astype(float)
    quiet = np.repeat(base, 3, axis=0)
    quiet[:, [0, 10, 90]] = 1 - base[0, [0, 10, 90]]
    quiet[0, 55:90] = 1 - quiet[0, 55:90]
    bins = measured_bins(Arm("t", quiet, True), Arm("b", base, False), CODES, "recipe", 0.05)
    settled = bins.tests.settled == 1
    assert len(set(bins.tests.least_p[settled].tolist())) == 1
    items = measured_bins(Arm("t", quiet, True), Arm("b", base, False), CODES, "these runs", 0.05)
    assert items.tests.least_p[2] < items.tests.least_p[1] < 1
