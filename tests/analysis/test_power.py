"""Minimum detectable effects against exact enumeration of the mid-p test, closed forms and simulated sweeps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.blocks import Side, run_parts
from gemma_audio.analysis.contrast import contrast
from gemma_audio.analysis.mcnemar import critical, midp
from gemma_audio.analysis.pair import compare
from gemma_audio.analysis.power import Discordance, discordance, mde, midp_power
from gemma_audio.analysis.variance import Part


def exact_power(n: int, rate: float, delta: float, alpha: float) -> float:
    """Power of the mid-p test by enumerating every (discordant, won) outcome."""
    won = (1 + delta / rate) / 2
    power = 0.0
    for d in range(n + 1):
        hits = np.array([midp(b, d - b) <= alpha for b in range(d + 1)])
        power += stats.binom.pmf(d, n, rate) * stats.binom.pmf(np.arange(d + 1), d, won)[hits].sum()
    return float(power)


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 8, 0.3])
def test_critical_counts_are_the_first_that_midp_accepts(alpha):
    for d, least in enumerate(critical(59, alpha)):
        accepted = [b for b in range(d + 1) if 2 * b > d and midp(b, d - b) <= alpha]
        assert least == (accepted[0] if accepted else d + 1)


@pytest.mark.parametrize(("n", "rate"), [(35, 0.25), (48, 0.25), (56, 0.35), (40, 0.5)])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 8])
def test_single_runs_have_exactly_their_power(n, rate, alpha):
    found = mde(n, Discordance(rate), alpha, counted=True)
    assert exact_power(n, max(rate, found), found, alpha) == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(("rate", "points"), [(0.15, 3.5), (0.20, 4.0), (0.25, 4.5), (0.30, 4.9), (0.35, 5.3)])
@pytest.mark.parametrize("counted", [True, False])
def test_thousand_items_against_the_exact_table(rate, points, counted):
    assert 100 * mde(1000, Discordance(rate), 0.05, counted=counted) == pytest.approx(points, abs=0.1)


@pytest.mark.parametrize(("n", "rate", "points"), [(20, 0.35, 33), (35, 0.25, 22), (48, 0.25, 19), (56, 0.25, 18)])
def test_bins_against_another_programs_table(n, rate, points):
    assert 100 * mde(n, Discordance(rate), 0.05, counted=True) == pytest.approx(points, abs=0.6)


@pytest.mark.parametrize(("differing", "power"), [(150, 0.86), (200, 0.75), (250, 0.65), (300, 0.57), (350, 0.51)])
def test_power_of_the_published_difference(differing, power):
    """Of the exact test, by another program; the mid-p finds it two points more often."""
    rate, d = differing / 1000, np.arange(1001)
    least = stats.binom.isf(0.025, d, 0.5) + 1
    exact = stats.binom.pmf(d, 1000, rate) @ stats.binom.sf(least - 1, d, (1 + 0.038 / rate) / 2)
    assert exact == pytest.approx(power, abs=0.005)
    assert exact < midp_power(1000, rate, 0.038, 0.05) < exact + 0.025


@pytest.mark.parametrize(("n", "least", "most"), [(20, 0.017, 0.032), (48, 0.041, 0.046)])
def test_size_of_midp_where_20_to_30_percent_differ(n, least, most):
    sizes = [2 * midp_power(n, rate, 0.0, 0.05) for rate in (0.2, 0.25, 0.3)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == pytest.approx((least, most), abs=6e-4)


@pytest.mark.parametrize("rate", [0.0, 0.05])
def test_a_change_beyond_the_pool_raises_the_discordance(rate):
    """All won: five discordant items suffice at .05, so the answer solves P(Binomial(20, delta) >= 5) = 0.8."""
    found = mde(20, Discordance(rate), 0.05, counted=True)
    assert found > rate
    assert stats.binom.sf(4, 20, found) == pytest.approx(0.8, abs=1e-6)


def test_none_only_where_the_largest_change_is_not_found():
    """All of n items won give a mid-p of 2 ** -n: 5 items can reach .05, and do so with probability delta ** 5."""
    assert mde(4, Discordance(0.3), 0.05, counted=True) is None
    assert mde(5, Discordance(0.3), 0.05, counted=True) == pytest.approx(0.8**0.2)
    assert mde(5, Discordance(0.3), 0.05 / 2, counted=True) is None
    assert mde(1, Discordance(0.3), 0.05) is None
    assert mde(4, Discordance(0.3), 0.05) is None
    assert mde(48, Discordance(0.066), 0.05) < 0.2


def test_run_noise_and_stricter_levels_cost_power():
    pooled = Discordance(0.3)
    plain = mde(400, pooled, 0.05)
    assert mde(400, pooled, 0.05, (Part(4e-4, 4),)) > plain
    assert mde(400, pooled, 0.05 / 8) > plain


def test_discordance_of_single_runs_is_the_share_of_differing_items():
    treatment, baseline = np.array([[1, 0, 1, 0, 1.0]]), np.array([[0, 1, 1, 0, 0.0]])
    assert discordance(treatment, baseline) == pytest.approx((0.6, 0.0))


def test_flicker_is_the_variance_within_items():
    """One of two items answered once right and once wrong: variance 0.5, over two runs 0.25, over two items 0.125."""
    assert discordance(np.array([[1, 1], [0, 1.0]]), np.ones((1, 2))) == pytest.approx((0.125, 0.125))


@pytest.mark.parametrize(("n", "rate"), [(48, 0.1), (48, 0.35), (30, 0.05)])
def test_simulated_power_of_single_runs(n, rate):
    rng, found, trials = np.random.default_rng(21), mde(n, Discordance(rate), 0.05, counted=True), 1000
    share = max(rate, found)
    up, down = (share + found) / 2, (share - found) / 2
    hits = 0
    for _ in range(trials):
        draw = rng.random(n)
        t, b = (draw < up).astype(float), ((draw >= up) & (draw < up + down)).astype(float)
        hits += compare(Arm("t", t[None], True), Arm("b", b[None], False), "these runs").contrast.p <= 0.05
    assert hits / trials == pytest.approx(0.8, abs=0.05), "seed 21"


def sweep_arms(rng: np.random.Generator, shape: tuple[float, float], repaired: float, per_bin: int = 48) -> tuple[Arm, Arm]:
    """Three runs a side over ten bins; in bin 0 every treatment run answers a share `repaired` of the questions right."""
    difficulty = rng.beta(*shape, 10 * per_bin)
    t, b = ((rng.random((3, difficulty.size)) < difficulty + rng.normal(0, 0.01, (3, 1))).astype(float) for _ in "tb")
    t[:, :per_bin][:, rng.random(per_bin) < repaired] = 1
    return Arm("t", t, True), Arm("b", b, True)


@pytest.mark.parametrize(
    ("shape", "low", "high"),
    [((0.3, 0.3), 0.75, 0.85), ((0.6, 0.3), 0.75, 0.85), ((2, 1.5), 0.75, 0.85), ((0.3, 0.12), 0.8, 0.95)],
    ids=["steady", "between", "flickering", "easy"],
)
def test_simulated_power_of_three_runs_a_side(shape, low, high):
    """Easy bins err to the cautious side: the change must repair most wrong answers there, and little flicker is left."""
    rng, trials, codes = np.random.default_rng(22), 800, np.repeat(np.arange(10), 48)

    def run_noise(t: Arm, b: Arm) -> tuple[Part, ...]:
        return tuple(run_parts([Side(1.0, t.scores), Side(-1.0, b.scores)], codes))

    unchanged = [sweep_arms(rng, shape, 0.0) for _ in range(30)]
    found = float(np.mean([mde(48, discordance(t.scores, b.scores), 0.05, run_noise(t, b)) for t, b in unchanged]))
    hits = 0
    for _ in range(trials):
        t, b = sweep_arms(rng, shape, found / (1 - shape[0] / sum(shape)))
        first = (arm.scores[:, codes == 0] for arm in (t, b))
        hits += contrast(*first, between=run_noise(t, b)).p <= 0.05
    assert low <= hits / trials <= high, f"seed 22, {found}"
