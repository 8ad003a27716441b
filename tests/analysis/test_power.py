"""Minimum detectable effects against exact enumeration of the mid-p test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemma_audio.analysis.mcnemar import midp
from gemma_audio.analysis.power import Discordance, discordance, mde
from gemma_audio.analysis.variance import Part


def exact_power(n: int, rate: float, delta: float, alpha: float) -> float:
    """Power of the mid-p test by enumerating every (discordant, won) outcome."""
    won = (1 + delta / rate) / 2
    power = 0.0
    for d in range(n + 1):
        hits = np.array([midp(b, d - b) <= alpha for b in range(d + 1)])
        power += stats.binom.pmf(d, n, rate) * stats.binom.pmf(np.arange(d + 1), d, won)[hits].sum()
    return float(power)


@pytest.mark.parametrize(("n", "rate"), [(35, 0.25), (48, 0.25), (56, 0.35), (40, 0.5)])
def test_the_normal_approximation_has_about_its_power(n, rate):
    found = mde(n, Discordance(rate, rate), 0.05)
    assert found is not None
    assert 0.77 < exact_power(n, rate, found, 0.05) < 0.88, "beside its ceiling (n = 35) it errs to the cautious side"


@pytest.mark.parametrize(("rate", "points"), [(0.15, 3.5), (0.20, 4.0), (0.25, 4.5), (0.30, 4.9), (0.35, 5.3)])
def test_thousand_items_against_the_exact_table(rate, points):
    assert 100 * mde(1000, Discordance(rate, rate), 0.05) == pytest.approx(points, abs=0.1)


def test_out_of_reach_at_twenty_items():
    assert mde(20, Discordance(0.25, 0.25), 0.05) is None
    assert mde(20, Discordance(0.0, 0.0), 0.05) is None


def test_run_noise_and_stricter_levels_cost_power():
    pooled = Discordance(0.3, 0.3)
    plain = mde(400, pooled, 0.05)
    assert mde(400, pooled, 0.05, [Part(4e-4, 4)]) > plain
    assert mde(400, pooled, 0.05 / 8) > plain


def test_discordance_is_the_share_of_differing_items():
    assert discordance(np.array([1, -1, 0, 0, 1.0])) == pytest.approx((0.6, 0.6))
    assert discordance(np.array([0.5, -0.5])) == pytest.approx((0.5, 0.25))
