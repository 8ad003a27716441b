"""Splits of one recipe's runs, counted and checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.contrast import contrast
from gemma_audio.analysis.splits import count, drawn, every, splits


def constant(means: list[float]) -> Arm:
    return Arm("v3", np.repeat(np.array(means)[:, None], 5, axis=1), True)


def test_by_hand():
    """Three runs at 0.5 and three at 0.7: of ten splits one parts them, without any spread within the sides.

    That one has p = 1 by the recipe scope (nothing varies), and so have all by the items, which are alike. The other nine have
    two of one kind on each side: a difference of 1/15 with a standard error of (2 * (1/3) * 0.04 / 3) ** 0.5, t = 0.71.
    """
    found = splits(constant([0.5, 0.5, 0.5, 0.7, 0.7, 0.7]))
    assert (found.runs, found.size, found.possible, found.splits) == (6, 3, 10, 10)
    assert (found.recipe, found.these_runs) == (0.0, 0.0)
    assert found.largest == pytest.approx(0.2)


def test_one_split_in_ten_by_hand():
    """0.50, 0.51, 0.52 against 0.70, 0.71, 0.72: t = 0.2 / (2 * 0.0001 / 3) ** 0.5 = 24; every other split mixes the two."""
    assert splits(constant([0.50, 0.51, 0.52, 0.70, 0.71, 0.72])).recipe == pytest.approx(0.1)


@pytest.mark.parametrize(("runs", "size"), [(6, 3), (7, 3), (6, 2), (8, 4)])
def test_every_split_comes_once(runs, size):
    found = every(runs, size)
    unordered = {frozenset(map(frozenset, split)) for split in found}
    assert len(found) == len(unordered) == count(runs, size)
    assert all(len(one) == len(other) == size and not set(one) & set(other) for one, other in found)


def test_twelve_runs_have_9240_splits():
    assert count(12, 3) == 9240


def test_shares_are_those_of_the_contrasts():
    arm = Arm("v3", np.random.default_rng(1).integers(0, 2, (7, 60)).astype(float), True)
    found = splits(arm, alpha=0.2)
    p = {
        scope: [contrast(arm.scores[list(a)], arm.scores[list(b)], scope).p for a, b in every(7, 3)]
        for scope in ("recipe", "these runs")
    }
    assert found.recipe == pytest.approx(np.mean(np.array(p["recipe"]) <= 0.2))
    assert found.these_runs == pytest.approx(np.mean(np.array(p["these runs"]) <= 0.2))
    assert 0 < found.recipe < found.these_runs


def test_a_sample_of_many_is_seeded_and_without_repeats():
    assert drawn(20, 3, 50, seed=1) == drawn(20, 3, 50, seed=1) != drawn(20, 3, 50, seed=2)
    assert len(set(drawn(7, 3, 70, seed=1))) == 70 == count(7, 3)
    found = splits(constant([0.5] * 8), most=20)
    assert (found.splits, found.possible) == (20, 280)


@pytest.mark.parametrize(("runs", "size"), [(5, 2), (6, 4), (6, 1)])
def test_too_few_runs_are_refused(runs, size):
    with pytest.raises(ValueError, match=f"arm v3: {runs} runs"):
        splits(constant([0.5] * runs), size)
