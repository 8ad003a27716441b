"""McNemar's tests, Wilson and Newcombe against published or hand-checked values and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.intervals import accuracy, newcombe, wilson
from gemma_audio.analysis.mcnemar import PairedTable, exact_p, least_midp, midp, paired_table
from gemma_audio.analysis.pair import compare, compare_scopes


@pytest.mark.parametrize(("b", "c", "p"), [(144, 106, 0.0191), (94, 56, 0.0024), (6, 0, 0.03125), (0, 0, 1.0), (3, 3, 1.0)])
def test_exact(b, c, p):
    assert exact_p(b, c) == pytest.approx(p, abs=5e-5)
    assert exact_p(b, c) == pytest.approx(stats.binomtest(b, b + c).pvalue if b + c else 1.0)


@pytest.mark.parametrize(("b", "c"), [(5, 0), (0, 5), (9, 2), (4, 4), (1, 1), (0, 0), (1, 0)])
def test_midp_is_the_more_extreme_plus_half_the_equally_extreme(b, c):
    n = b + c
    mass = [math.comb(n, k) / 2**n for k in range(n + 1)]
    gap = abs(b - c)
    direct = sum(m * (1.0 if abs(2 * k - n) > gap else 0.5 if abs(2 * k - n) == gap else 0.0) for k, m in enumerate(mass))
    assert midp(b, c) == pytest.approx(direct if n else 1.0)


def test_midp_of_the_published_sized_example():
    assert midp(144, 106) == pytest.approx(0.0163, abs=5e-5)


@pytest.mark.parametrize(("c", "b_exact", "b_midp"), [(0, 6, 5), (1, 8, 7), (2, 10, 9), (3, 12, 11)])
def test_least_evidence_that_is_significant(c, b_exact, b_midp):
    assert exact_p(b_exact, c) < 0.05 <= exact_p(b_exact - 1, c)
    assert midp(b_midp, c) < 0.05 <= midp(b_midp - 1, c)


@pytest.mark.parametrize("n", [1, 4, 9])
def test_least_midp_is_the_smallest_of_all_splits(n):
    assert least_midp(n) == pytest.approx(min(midp(b, n - b) for b in range(n + 1)))


def test_newcombe_wilson():
    assert newcombe(PairedTable(444, 144, 106, 306)) == pytest.approx((0.00702, 0.06884), abs=5e-6)
    assert wilson(550, 1000) == pytest.approx((0.519, 0.581), abs=5e-4)


def test_newcombe_of_his_own_example():
    """Newcombe 1998, table III, method 10, row (36, 12, 2, 0): 0.0569 to 0.3404."""
    assert newcombe(PairedTable(36, 12, 2, 0)) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_newcombe_never_has_zero_width():
    low, high = newcombe(PairedTable(12, 0, 0, 8))
    assert low < 0 < high


@pytest.mark.parametrize("table", [PairedTable(5, 0, 0, 0), PairedTable(0, 5, 0, 0), PairedTable(0, 0, 0, 5)])
def test_newcombe_at_the_edges_is_finite(table):
    low, high = newcombe(table)
    assert -1 <= low <= high <= 1


def test_paired_table_counts_and_refuses_several_runs():
    t, b = np.array([[1, 1, 0, 0, 1.0]]), np.array([[1, 0, 1, 0, 0.0]])
    assert paired_table(Arm("t", t, True), Arm("b", b, False)) == (1, 2, 1, 1)
    assert paired_table(Arm("t", np.vstack([t, t]), True), Arm("b", b, False)) is None
    assert paired_table(Arm("t", t / 2, True), Arm("b", b, False)) is None


def test_one_run_on_each_side_uses_midp_and_newcombe_and_makes_no_recipe_claim():
    rng = np.random.default_rng(3)
    t, b = (Arm(n, rng.integers(0, 2, (1, 80)).astype(float), True) for n in "tb")
    (only,) = compare_scopes(t, b)
    table = paired_table(t, b)
    assert only.contrast.scope == "these runs"
    assert only.contrast.interval == only.newcombe == newcombe(table)
    assert only.contrast.p == only.p_midp == midp(table.b, table.c)
    assert "one trained run of t and of b" in only.contrast.note


def test_several_runs_have_no_mcnemar():
    rng = np.random.default_rng(4)
    t, b = Arm("t", rng.integers(0, 2, (3, 80)).astype(float), True), Arm("b", rng.integers(0, 2, (1, 80)).astype(float), False)
    both = compare_scopes(t, b)
    assert [r.contrast.scope for r in both] == ["recipe", "these runs"]
    assert all(r.table is r.newcombe is r.p_midp is r.p_exact is None for r in both)
    assert compare(t, b, "these runs").contrast.se_runs is None


def test_accuracy_interval_of_one_run_is_wilson_and_of_several_is_wider_than_seeds_times_items():
    rng = np.random.default_rng(9)
    one = rng.integers(0, 2, (1, 100)).astype(float)
    assert accuracy(Arm("x", one, True)) == (wilson(int(one.sum()), 100), "wilson")
    copies = np.repeat(one, 3, axis=0)
    interval, method = accuracy(Arm("x", copies, True))
    stacked = wilson(int(copies.sum()), 300)
    assert method == "items+runs"
    assert interval[1] - interval[0] > 1.5 * (stacked[1] - stacked[0])
    assert accuracy(Arm("x", np.ones((2, 5)), True)) == (None, None)
