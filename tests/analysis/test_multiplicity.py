"""Tarone, Benjamini-Hochberg and Holm against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from gemma_audio.analysis.multiplicity import benjamini_hochberg, holm, tarone


def test_tarone_by_hand():
    """Eight tests, three of which could reach .05 / 3: K = 3 although eight were asked."""
    k, able = tarone([0.001, 0.002, 0.004, 0.5, 0.5, 0.3, 0.04, 1.0])
    assert k == 3
    assert able.tolist() == [True, True, True, False, False, False, False, False]


def test_tarone_keeps_all_when_all_can_and_none_when_none_can():
    assert tarone([1e-9] * 5)[0] == 5
    k, able = tarone([0.06, 0.5])
    assert (k, able.any()) == (1, False)
    assert tarone([])[0] == 1


@pytest.mark.parametrize("seed", range(20))
def test_tarone_is_the_smallest_k(seed):
    least = np.random.default_rng(seed).random(30) ** 6
    k, able = tarone(least)
    assert able.sum() == (least <= 0.05 / k).sum() <= k
    assert all((least <= 0.05 / j).sum() > j for j in range(1, k))


def test_holm_and_bh():
    p = [0.01, 0.04, 0.03, 0.005]
    adjusted, reject = holm(p)
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert reject.tolist() == [True, False, False, True]
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_nothing_to_correct():
    assert holm([])[0].size == 0
    assert benjamini_hochberg([]).size == 0
