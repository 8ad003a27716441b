"""Scores averaged over option orders: the item stays the unit, and Bonett and Price's interval stands where Newcombe's cannot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemma_audio.analysis.arm import Arm, over_orders
from gemma_audio.analysis.bins import measured_bins
from gemma_audio.analysis.intervals import bonett_price
from gemma_audio.analysis.pair import SINGLE_MEANS, compare, compare_scopes
from gemma_audio.analysis.subcategories import compare_bins

CODES = np.repeat(np.arange(3), [10, 30, 40])


def means(rng: np.random.Generator, runs: int = 1, items: int = 80, orders: int = 4) -> np.ndarray:
    return over_orders(rng.integers(0, 2, (runs, orders, items)).astype(float))


def differences(a: int, b: int, c: int, d: int) -> np.ndarray:
    return np.repeat([0.0, 1.0, -1.0], [a + d, b, c])


def test_orders_are_averaged_within_the_item():
    scores = np.array([[[1, 0, 1], [1, 0, 0]], [[0, 0, 1], [1, 0, 1]]], dtype=float)
    assert over_orders(scores).tolist() == [[1, 0, 0.5], [0.5, 0, 1]]
    for wrong in (scores[0], np.zeros((1, 0, 4))):
        with pytest.raises(ValueError, match=r"\(runs, orders, items\)"):
            over_orders(wrong)


def test_bonett_price_on_counts():
    """Bonett and Price (2012) on a = 444, b = 144, c = 106, d = 306."""
    assert bonett_price(differences(444, 144, 106, 306))[0] == pytest.approx((0.00696, 0.06889), abs=5e-6)


@pytest.mark.parametrize("table", [(12, 3, 1, 4), (20, 0, 0, 0), (0, 20, 0, 0), (5, 7, 7, 1)])
def test_bonett_price_is_their_formula(table):
    _, b, c, _ = table
    n = sum(table) + 2
    won, lost = (b + 1) / n, (c + 1) / n
    half = stats.norm.ppf(0.95) * ((won + lost - (won - lost) ** 2) / n) ** 0.5
    (low, high), p = bonett_price(differences(*table), alpha=0.1)
    assert (low, high) == pytest.approx((max(won - lost - half, -1), min(won - lost + half, 1)))
    assert (p <= 0.1) == (not low <= 0 <= high)


def test_bonett_price_of_item_means_is_the_wald_interval_of_the_items_and_two_more():
    d = means(np.random.default_rng(1))[0] - means(np.random.default_rng(2))[0]
    with_two = np.append(d, [1.0, -1.0])
    expected = stats.norm.interval(0.95, with_two.mean(), with_two.std() / with_two.size**0.5)
    assert bonett_price(d)[0] == pytest.approx(expected)


def test_single_runs_of_item_means_are_told_by_bonett_and_price():
    rng = np.random.default_rng(3)
    t, b = Arm("t", means(rng), True), Arm("b", means(rng), False)
    (only,) = compare_scopes(t, b)
    interval, p = bonett_price(t.scores[0] - b.scores[0])
    assert (only.contrast.interval, only.contrast.p, only.contrast.df) == (interval, p, None)
    assert only.contrast.delta == pytest.approx(t.scores.mean() - b.scores.mean())
    assert SINGLE_MEANS in only.contrast.note
    assert only.table is only.newcombe is only.p_midp is None


def test_several_runs_of_item_means_keep_students_t():
    rng = np.random.default_rng(4)
    t, b = Arm("t", means(rng, 3), True), Arm("b", means(rng), False)
    assert compare(t, b, "these runs").contrast.df == pytest.approx(79)
    assert compare(t, b, "recipe").contrast.se_runs > 0


def test_bins_of_item_means_are_the_same_bin_by_bin():
    rng = np.random.default_rng(5)
    t, b = Arm("t", means(rng), True), Arm("b", means(rng), False)
    for code, row in enumerate(compare_bins(t, b, CODES)):
        alone = compare(t.items(code == CODES), b.items(code == CODES), "these runs").contrast
        assert row.comparison.contrast.interval == pytest.approx(alone.interval)
        assert row.comparison.contrast.p == pytest.approx(alone.p)
        assert row.comparison.contrast.note == SINGLE_MEANS
    least = measured_bins(t, b, CODES, "these runs", 0.05).tests.least_p
    for code in range(3):
        assert least[code] == pytest.approx(bonett_price(np.abs(t.scores[0] - b.scores[0])[code == CODES])[1])


def test_coverage_of_item_means_in_a_small_bin():
    """Twenty items with four orders each, a true difference of 0.1 and items that mostly agree."""
    rng, covered, trials = np.random.default_rng(6), 0, 2000
    for _ in range(trials):
        difficulty = rng.beta(0.5, 0.3, 20)
        t, b = (rng.binomial(4, level) / 4 for level in (0.1 + 0.9 * difficulty, 0.9 * difficulty))
        low, high = bonett_price(t - b)[0]
        covered += low <= 0.1 <= high
    assert covered / trials >= 0.94, f"seed 6, {covered / trials}"


def test_a_bin_where_no_answer_differs_still_has_an_interval():
    same = means(np.random.default_rng(7))
    row = compare_bins(Arm("t", same, True), Arm("b", same, False), CODES)[0].comparison.contrast
    assert row.p == 1.0
    assert row.interval[0] < 0 < row.interval[1]
