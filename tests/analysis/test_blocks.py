"""Runs that share a sealed stage: the paired and Welch's t-test on block means as closed forms, and the size by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.bins import measured_bins
from gemma_audio.analysis.blocks import Side, run_parts
from gemma_audio.analysis.contrast import contrast, scopes
from gemma_audio.analysis.pair import compare_scopes
from gemma_audio.analysis.variance import Part, total


def constant(means: np.ndarray) -> np.ndarray:
    """Items that all behave alike within a run leave only run noise."""
    return np.repeat(np.asarray(means, dtype=float)[:, None], 10, axis=1)


def block_means(values: np.ndarray, labels: str) -> np.ndarray:
    return np.array([values[[other == label for other in labels]].mean() for label in sorted(set(labels))])


@pytest.mark.parametrize(
    ("one", "two"), [("abcd", "abcd"), ("abcd", "dbca"), ("aabbcc", "abc"), ("aabbcc", "ccaabb"), ("ab", "ab")]
)
def test_equally_many_runs_in_the_same_blocks_are_the_paired_t_test_on_block_means(one, two):
    rng = np.random.default_rng(1)
    a, b = rng.random(len(one)), rng.random(len(two))
    ours = contrast(constant(a), constant(b), blocks=(tuple(one), tuple(two)))
    theirs = stats.ttest_rel(block_means(a, one), block_means(b, two))
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.df == pytest.approx(theirs.df)
    assert ours.delta == pytest.approx((block_means(a, one) - block_means(b, two)).mean())


@pytest.mark.parametrize(("one", "two"), [("abc", "de"), ("aabbcc", "dddeeefff"), ("aabb", "cdef")])
def test_blocks_within_one_arm_only_are_welchs_t_test_on_block_means(one, two):
    rng = np.random.default_rng(2)
    a, b = rng.random(len(one)), rng.random(len(two))
    ours = contrast(constant(a), constant(b), blocks=(tuple(one), tuple(two)))
    theirs = stats.ttest_ind(block_means(a, one), block_means(b, two), equal_var=False)
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.se_runs == pytest.approx(abs((a.mean() - b.mean()) / theirs.statistic))


def test_labels_of_their_own_change_nothing():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 2, (3, 40)).astype(float), rng.integers(0, 2, (4, 40)).astype(float)
    assert contrast(a, b, blocks=(("a", "b", "c"), ("d", "e", "f", "g"))) == contrast(a, b)


def test_items_and_blocks_add_up():
    """Three blocks, one run a side: Var = Var(d) / items + Var(D) / blocks, by Welch and Satterthwaite."""
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 2, (2, 3, 50)).astype(float)
    ours = contrast(a, b, blocks=(("x", "y", "z"),) * 2)
    d, blocks = a.mean(0) - b.mean(0), a.mean(1) - b.mean(1)
    items, runs = d.var(ddof=1) / 50, blocks.var(ddof=1) / 3
    df = (items + runs) ** 2 / (items**2 / 49 + runs**2 / 2)
    assert ours.p == pytest.approx(2 * stats.t.sf(abs(d.mean()) / (items + runs) ** 0.5, df))
    assert (ours.se_items, ours.se_runs, ours.df) == pytest.approx((items**0.5, runs**0.5, df))


def test_noise_of_the_shared_stage_cancels_and_that_of_an_unmatched_run_does_not():
    rng = np.random.default_rng(5)
    shared, items = np.array([0.1, 0.5, 0.9]), rng.random(10) / 10
    a = shared[:, None] + items
    paired = contrast(a, a - 0.05, blocks=(("a", "b", "c"), ("a", "b", "c")))
    assert paired.se_runs == pytest.approx(0, abs=1e-9)
    assert paired.delta == pytest.approx(0.05)
    missing = contrast(a, a[:2] - 0.05, blocks=(("a", "b", "c"), ("a", "b")))
    assert missing.delta == pytest.approx(a.mean() - a[:2].mean() + 0.05)
    assert missing.se_runs > 0.1


def test_bins_pool_the_blocks_of_all_bins_and_equal_bins_have_the_two_way_degrees_of_freedom():
    rng = np.random.default_rng(6)
    a, b, codes = rng.random((4, 60)), rng.random((4, 60)), np.repeat(np.arange(3), 20)
    labels = tuple("abcd")
    parts = run_parts([Side(1.0, a, labels), Side(-1.0, b, labels)], codes)
    gaps = [(a - b)[:, codes == g].mean(1).var(ddof=1) / 4 for g in range(3)]
    assert sum(part.variance for part in parts) == pytest.approx(np.mean(gaps))
    assert [part.df for part in parts] == pytest.approx([3, 3 * 2])
    whole = run_parts([Side(1.0, a, labels), Side(-1.0, b, labels)], np.zeros(60, dtype=int))
    assert total(whole) == pytest.approx(Part((a - b).mean(1).var(ddof=1) / 4, 3))


def test_the_arms_carry_their_blocks_into_every_comparison():
    rng = np.random.default_rng(7)
    difficulty = rng.random(60) * 0.6 + 0.2 + np.array([[-0.2], [0.0], [0.2]])
    labels, codes = ("a", "b", "c"), np.repeat(np.arange(3), 20)
    a, b = (Arm(name, (rng.random((3, 60)) < difficulty).astype(float), True, labels) for name in "ab")
    expected = contrast(a.scores, b.scores, blocks=(labels, labels))
    assert compare_scopes(a, b)[0].contrast == expected != contrast(a.scores, b.scores)
    bins = measured_bins(a, b, codes, "recipe", 0.05)
    assert bins.between == tuple(run_parts([Side(1.0, a.scores, labels), Side(-1.0, b.scores, labels)], codes))


def test_runs_of_one_block_make_no_claim_about_recipes():
    scores = np.zeros((3, 4))
    one, base = Arm("one", scores, True, ("a", "a", "a")), Arm("base", scores[:1], False)
    carried, why = scopes(one, base)
    assert carried == ("these runs",)
    assert "the runs of one that all continue one sealed stage" in why
    assert scopes(Arm("two", scores, True, ("a", "a", "b")), base)[0] == ("recipe", "these runs")
    with pytest.raises(ValueError, match="2 block labels for 3 runs"):
        Arm("x", scores, True, ("a", "b"))


@pytest.mark.parametrize(("one", "two"), [("abc", "abc"), ("aabbcc", "abc"), ("aaabbbccc", "dddeeefff"), ("abcd", "abc")])
def test_size_under_noise_of_the_shared_stage(one, two):
    rng, rejected, trials = np.random.default_rng(8), 0, 1000
    for _ in range(trials):
        difficulty, shared = rng.beta(2, 1.5, 300), {label: rng.normal(0, 0.04) for label in "abcdef"}
        a, b = (np.stack([rng.random(300) < difficulty + shared[k] + rng.normal(0, 0.01) for k in ks]) for ks in (one, two))
        rejected += contrast(a.astype(float), b.astype(float), blocks=(tuple(one), tuple(two))).p <= 0.05
    assert rejected / trials < 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5, "seed 8"


def test_blocks_find_what_welch_does_not():
    rng, found, trials = np.random.default_rng(9), {"blocks": 0, "none": 0}, 200
    for _ in range(trials):
        difficulty, shared = rng.beta(2, 1.5, 600), rng.normal(0, 0.05, (5, 1))
        a, b = ((rng.random((5, 600)) < difficulty + shared + gain).astype(float) for gain in (0.035, 0.0))
        found["blocks"] += contrast(a, b, blocks=(tuple("abcde"),) * 2).p <= 0.05
        found["none"] += contrast(a, b).p <= 0.05
    assert found["blocks"] > 0.4 * trials > 4 * found["none"], f"seed 9, {found}"
