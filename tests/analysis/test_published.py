"""Counts behind printed percentages, checked by hand and by printing every count again."""

from decimal import ROUND_HALF_UP, Decimal
from math import comb

import numpy as np
import pytest

from gemma_audio.analysis import evidence
from gemma_audio.analysis.published import Row, counts, fit, largest_size, rest, same_bin, within
from gemma_audio.analysis.table_noise import draw, p_values, table_facts

BINS = {
    "Harmony and Chord Progressions": 33,
    "Key highlight Extraction": 20,
    "Temporal Reasoning": 56,
    "Temporal Event Reasoning": 48,
}


@pytest.mark.parametrize(
    ("percent", "n", "expected"),
    [
        (43.1, 153, (66,)),  # 66 / 153 = 43.137 %
        (43.1, 53, ()),  # 22 / 53 = 41.5 %, 23 / 53 = 43.4 %
        (33.3, 153, (51,)),
        (14.6, 48, (7,)),
        (95.0, 21, ()),
        (100.0, 20, (20,)),
        (0.0, 20, (0,)),
        (50.0, 3, ()),
        (58.8, 1000, (588,)),
        (12.5, 8, (1,)),
        (0.1, 1000, (1,)),
        (6.2, 16, (1,)),  # 6.25 %: half to even
        (6.3, 16, (1,)),  # and half up
        (50.0, 2000, (999, 1000, 1001)),  # 49.95 % rounds to 50.0 both ways, 50.05 % half to even
    ],
)
def test_counts_by_hand(percent: float, n: int, expected: tuple[int, ...]) -> None:
    assert counts(percent, n) == expected


def test_counts_are_those_that_print_so() -> None:
    """Half up, by an independent route: integers only."""
    for n in (20, 33, 47, 48, 153):
        for count in range(n + 1):
            tenths = (2 * 1000 * count + n) // (2 * n)
            assert count in counts(tenths / 10, n)
            half_up = (Decimal(100 * count) / n).quantize(Decimal("0.1"), ROUND_HALF_UP)
            assert float(half_up) == tenths / 10


def test_names_are_matched_by_spelling_or_beginning_or_refused() -> None:
    assert same_bin("Key Highlight Extraction", BINS) == "Key highlight Extraction"
    assert same_bin("Harmony", BINS) == "Harmony and Chord Progressions"
    with pytest.raises(ValueError, match="stands for 2 bins of 4: Temporal Reasoning, Temporal Event Reasoning"):
        same_bin("Temporal", BINS)
    with pytest.raises(ValueError, match="none"):
        same_bin("Counting", BINS)


def test_rest_is_what_the_rows_leave() -> None:
    rows = [Row("Harmony", "win", 33.3, 66.7), Row("Temporal Reasoning", "win", 25.0, 50.0)]
    fits = fit(rows, BINS)
    assert [(found.base, found.treatment, found.gain) for found in fits] == [((11,), (22,), 11), ((14,), (28,), 14)]
    left = rest(fits, BINS, 60, 90)
    assert (left.n, left.base, left.treatment, left.gain) == (68, 35, 40, 5)
    with pytest.raises(ValueError, match="impossible"):
        rest(fit([Row("Harmony", "win", 34.0, 66.7)], BINS), BINS, 60, 90)


def test_sizes_and_bands() -> None:
    assert largest_size(Row("", "", 33.3, 43.1), 53) == 51
    assert largest_size(Row("", "", 33.3, 43.1), 40) is None
    assert [within(3, n) for n in (10, 20, 33, 34, 46, 56)] == [0, 0, 1, 1, 1, 1]  # 1 / 33 prints as 3.0


def test_limits_are_the_last_that_are_significant() -> None:
    exact, midp = evidence.TESTS["exact"], evidence.TESTS["mid-p"]
    assert evidence.most_discordant(38, 1000, 0.05, exact) == 356
    assert evidence.most_discordant(38, 1000, 0.05, midp) == 374
    assert evidence.most_discordant(38, 1000, 0.01, exact) == 206
    assert evidence.most_discordant(38, 1000, 0.05 / 3, exact) == 238
    assert evidence.most_discordant(-38, 1000, 0.05, exact) == 356
    assert evidence.most_discordant(5, 48, 0.05, exact) is None
    assert evidence.most_discordant(6, 6, 0.05, exact) == 6
    wins = sum(comb(358, k) for k in range((358 - 38) // 2 + 1)) * 2 / 2**358  # one pair more, with integers
    assert wins > 0.05


def test_minimum_evidence_in_a_bin() -> None:
    exact, midp = evidence.TESTS["exact"], evidence.TESTS["mid-p"]
    assert [evidence.least_wins(c, 0.05, exact) for c in range(4)] == [6, 8, 10, 12]
    assert [evidence.least_wins(c, 0.05, midp) for c in range(4)] == [5, 7, 9, 11]
    assert [evidence.least_wins(c, 0.05 / 27, exact) for c in range(3)] == [11, 13, 16]
    assert evidence.least_p(-3) == {"exact": 0.25, "mid-p": 0.125}


def test_outcome_of_an_assumed_number_of_differing_items() -> None:
    found = evidence.outcome(550, 588, 1000, 250)
    assert found["p"]["exact"] == pytest.approx(0.0191, abs=5e-5)
    assert found["p"]["mid-p"] == pytest.approx(0.0163, abs=5e-5)
    assert found["interval"] == pytest.approx([0.00702, 0.06884], abs=5e-6)
    right = np.repeat([[1, 1], [0, 1], [1, 0], [0, 0]], evidence.table(550, 588, 1000, 250), axis=0)
    assert found["correlation"] == pytest.approx(np.corrcoef(right.T)[0, 1])
    with pytest.raises(ValueError, match="251 differing items"):
        evidence.table(550, 588, 1000, 251)
    with pytest.raises(ValueError, match="too many"):
        evidence.table(550, 588, 1000, 900)


def test_simulated_p_values_are_those_of_the_tests() -> None:
    print("seed 7")
    drawn = draw([20, 10], 0.3, 0.05, seed=7, draws=40)
    found = p_values(drawn)
    for name, test in evidence.TESTS.items():
        for at in np.ndindex(drawn.b.shape):
            assert found[name][at] == pytest.approx(float(test(int(drawn.b[at]), int(drawn.c[at]))))


def test_noise_is_as_measured_elsewhere() -> None:
    """The figures of another program for MMAU's present bin sizes, 25 % differing items and exact tests."""
    sizes = [48] * 5 + [47, 46, 56, 46, 35, 34, 34, 33, 33, 33, 33, 20, 10, 53, 49, 44, 35, 29, 27, 22, 21, 20]
    assert (len(sizes), sum(sizes)) == (27, 1000)
    print("seed 3")
    same, none = (table_facts(draw(sizes, 0.25, effect, seed=3, draws=8000)) for effect in (0.038, 0.0))
    assert same["bins_lost"] == pytest.approx(7.1, abs=0.1)
    assert same["bins_unchanged"] == pytest.approx(3.4, abs=0.1)
    assert same["bins_under_6_discordant"] == pytest.approx(4.9, abs=0.1)
    assert same["median_worst"] == pytest.approx(-14.3, abs=0.6)
    assert same["median_best"] == pytest.approx(20.7, abs=0.6)
    assert same["any_exact"] == pytest.approx(0.60, abs=0.025)
    assert same["any_loss_exact"] == pytest.approx(0.07, abs=0.02)
    assert same["any_bonferroni_exact"] == pytest.approx(0.02, abs=0.015)
    assert none["any_exact"] == pytest.approx(0.40, abs=0.025)
