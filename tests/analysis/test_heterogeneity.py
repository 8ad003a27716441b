"""The sign-flip test against complete enumeration, and its size with unequal bins."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from gemma_audio.analysis.heterogeneity import heterogeneity


def enumerated(d: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    """Statistic and p over all 2^n sign patterns, written out bin by bin."""

    def statistic(x: np.ndarray) -> float:
        return sum((codes == g).sum() * (x[codes == g].mean() - x.mean()) ** 2 for g in np.unique(codes))

    observed, residual = statistic(d), d - d.mean()
    values = [statistic(residual * np.array(signs)) for signs in product((-1, 1), repeat=d.size)]
    return observed, float(np.mean([v >= observed - 1e-9 for v in values]))


@pytest.mark.parametrize("seed", range(4))
def test_against_enumeration(seed):
    rng = np.random.default_rng(seed)
    codes = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    d = rng.integers(-1, 2, 12).astype(float) + (codes == 1)
    statistic, p = enumerated(d, codes)
    ours = heterogeneity(d, codes, seed=seed, draws=4999)
    assert ours.statistic == pytest.approx(statistic)
    assert ours.p == pytest.approx(p, abs=4 * (p * (1 - p) / 4999) ** 0.5 + 1e-3), f"seed {seed}"


def test_seeded():
    rng = np.random.default_rng(1)
    d, codes = rng.normal(size=60), np.repeat(np.arange(6), 10)
    assert heterogeneity(d, codes, seed=3) == heterogeneity(d, codes, seed=3)
    assert heterogeneity(d, codes, seed=3, draws=99) != heterogeneity(d, codes, seed=4, draws=99)


def test_no_difference_is_p_one():
    assert heterogeneity(np.zeros(12), np.repeat(np.arange(3), 4), draws=99).p == 1.0


def test_size_with_unequal_bins_of_unequal_spread():
    rng, rejected, trials = np.random.default_rng(21), 0, 300
    codes = np.repeat(np.arange(6), [10, 15, 20, 35, 50, 56])
    rate = np.array([0.5, 0.45, 0.3, 0.2, 0.15, 0.1])[codes]
    for trial in range(trials):
        d = rng.choice((-1.0, 1.0), codes.size) * (rng.random(codes.size) < rate)
        rejected += heterogeneity(d, codes, seed=trial, draws=199).p <= 0.05
    assert rejected / trials < 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5, "seed 21"


def test_power_when_bins_do_differ():
    codes = np.repeat(np.arange(4), 40)
    d = np.random.default_rng(2).choice((0.0, 1.0), 160, p=(0.6, 0.4)) * np.where(codes < 2, 1, -1)
    assert heterogeneity(d, codes).p < 0.001
