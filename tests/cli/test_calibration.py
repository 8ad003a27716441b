"""The calibration in small, with tolerances from the number of draws; and the committed results against their own tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from gemma_audio.cli.calibration import null
from gemma_audio.cli.calibration.answers import STEADY, Noise, World, arms, mmau_bins, shifted
from gemma_audio.cli.calibration.coverage import coverage, every_table, outcomes
from gemma_audio.cli.calibration.figures import figures, markdown, table
from gemma_audio.cli.calibration.planted import ALPHA, RULES, Plant, answers, planted, thresholds
from gemma_audio.cli.calibration.progress import Progress
from gemma_audio.cli.calibration.study import rounded, simulated
from gemma_audio.cli.experiments import TABLE

FOLDER = Path(__file__).parents[2] / "experiments" / "calibration"
FOUND = json.loads((FOLDER / "results" / "calibration.json").read_text())
DRAWS, SEED = 500, 5
CODES = mmau_bins()


def most(share: float, draws: int = DRAWS) -> float:
    """What a share is simulated at most, but in one of a thousand cases."""
    return float(stats.binom.ppf(0.999, draws, share)) / draws


def claims(world: World, draws: int = DRAWS) -> dict[str, float]:
    return null.null(world, CODES, draws, SEED, Progress(draws))["claims"]


def test_bins_are_those_of_mmau():
    assert (CODES.size, CODES.max(), np.bincount(CODES).min(), np.bincount(CODES).max()) == (1000, 26, 10, 56)


def test_items_only_holds_its_level_where_runs_do_not_differ():
    for world in null.QUIET:
        found = claims(world)
        low, high = stats.binom.ppf([0.0005, 0.9995], DRAWS, 0.05) / DRAWS
        assert low <= found["these runs"] <= high, f"seed {SEED}"
        assert found["any Holm"] <= most(0.05)


@pytest.mark.parametrize("noise", [Noise(0.01, 0.0), Noise(0.03, 0.0), Noise(0.02, 0.05), Noise(0.03, 0.10)], ids=str)
def test_recipe_scope_and_flags_hold_theirs_under_run_noise(noise):
    found = claims(World(noise))
    assert found["recipe"] <= most(0.06), f"seed {SEED}"
    assert found["any Holm"] <= found["any Tarone-BH"] <= most(0.05), f"seed {SEED}"


def test_the_control_fails():
    assert claims(World(Noise(0.02)))["these runs"] >= 0.2, f"seed {SEED}"


def test_shifts_move_accuracy_by_what_they_say():
    rng = np.random.default_rng(1)
    ease = rng.beta(*STEADY, 400_000)
    for shift in (-0.2, 0.0, 0.1):
        moved = shifted(ease, 0.5 / 0.9, np.array([[shift]]))
        assert 0 <= moved.min() <= moved.max() <= 1
        assert moved.mean() - ease.mean() == pytest.approx(shift, abs=0.003)


def test_simulated_runs_have_the_noise_that_was_asked_for():
    rng = np.random.default_rng(2)
    codes, noise = np.repeat(np.arange(3), 4000), Noise(0.03, 0.06, shared=0.5)
    pairs = [arms(rng, World(noise, runs=(40, 40)), codes) for _ in range(10)]
    means = np.stack([[arm.scores.mean(1) for arm in pair] for pair in pairs])
    assert means.var(axis=2, ddof=1).mean() == pytest.approx(0.03**2 + 0.06**2 / 3, rel=0.15)
    both = np.mean([np.cov(*pair)[0, 1] for pair in means])
    assert both == pytest.approx(0.03**2 / 2, rel=0.5)
    assert pairs[0][0].blocks == pairs[0][1].blocks
    assert arms(rng, World(noise, runs=(3, 1)), codes)[1].trained is False


def test_enumeration_covers_every_table_once():
    tables = every_table(6)
    assert tables.shape == (4, 84)
    assert len({tuple(column) for column in tables.T.tolist()}) == 84
    assert (tables.sum(0) == 6).all()
    assert outcomes(0.1, 0.2, 0.5) is None
    assert outcomes(0.3, 0.1, 0.9) is None
    assert outcomes(0.3, 0.1, 0.5) == pytest.approx((0.4, 0.2, 0.1, 0.3))


def test_coverage_is_exact():
    """Against simulation, with another way to the same interval's coverage."""
    cell = next(c for c in coverage(20)["grid"] if (c["discordance"], c["delta"], c["base"]) == (0.25, 0.1, 0.5))
    from gemma_audio.analysis.intervals import newcombe_bounds

    drawn = np.random.default_rng(3).multinomial(20, outcomes(0.25, 0.1, 0.5), size=40_000).T
    low, high = newcombe_bounds(drawn)
    assert ((low <= 0.1) & (high >= 0.1)).mean() == pytest.approx(cell["coverage"], abs=0.004)


def test_coverage_of_the_whole_grid():
    """Below 93 % only where every differing item is a gain, a corner that no fine-tune comes near."""
    found = coverage(20)
    low = [cell for cell in found["grid"] if cell["coverage"] < 0.93]
    assert 0.95 <= found["mean"] <= 0.985
    assert len(low) == 3
    assert all(cell["delta"] == cell["discordance"] for cell in low)
    assert found["least"] == pytest.approx(0.915, abs=5e-4)


def test_thresholds_by_hand():
    """Four tests can reach alpha / 4. Holm: .001 <= .05/4, then .2 > .05/3, so a third one needs .05/3. BH: .05 * 2/4."""
    least = np.full(3, 1e-6)
    assert thresholds(np.array([0.001, 0.2, 0.3]), least, 1e-6) == pytest.approx((ALPHA / 3, ALPHA * 2 / 4))
    assert thresholds(np.array([0.9, 0.2, 0.3]), least, 1e-6) == pytest.approx((ALPHA / 4, ALPHA / 4))
    assert thresholds(np.array([0.9, 0.2, 0.3]), least, 0.04) == (0.0, 0.0)
    assert thresholds(np.array([]), np.array([]), 0.04) == pytest.approx((ALPHA, ALPHA))


@pytest.mark.parametrize(("code", "delta"), [(3, 0.35), (0, 0.15)])
def test_planted_changes_are_found_as_often_as_they_must(code, delta):
    found = planted(Plant(code, delta), CODES, DRAWS, SEED, Progress(DRAWS))
    for rule in RULES:
        share = found["exact"][rule]
        assert found["simulated"][rule] == pytest.approx(share, abs=3.3 * (share * (1 - share) / DRAWS) ** 0.5), (
            f"seed {SEED}, {rule}"
        )
    assert 0 < found["exact"]["Holm"] < found["exact"]["raw"] < 1


def test_planted_answers_differ_as_often_as_they_say():
    t, b = answers(np.random.default_rng(4), Plant(0, 0.3), np.repeat([0, 1], 50_000))
    changes = (t.scores - b.scores)[0].reshape(2, -1)
    assert changes.mean(1) == pytest.approx([0.3, 0.0], abs=0.01)
    assert np.abs(changes).mean(1) == pytest.approx([0.3, 0.25], abs=0.01)


def test_progress_is_quiet_when_piped_and_tells_the_time_left_on_a_terminal(capsys, monkeypatch):
    Progress(1).step()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    Progress(1).step()
    assert "1/1 draws, about 0 s left" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_results():
    one = simulated(2, seed=7)
    assert one == simulated(2, seed=7)
    assert "## A true change in one bin" in markdown(one)


def test_committed_results_are_whole_and_in_the_readme():
    assert (FOUND["draws"], FOUND["bins"]) == (10_000, np.bincount(CODES).tolist())
    assert rounded(figures(FOUND)) == FOUND["figures"]
    assert FOUND["coverage"] == rounded(coverage(20))
    assert TABLE.search((FOLDER / "README.md").read_text())[0] == table(FOUND)
    assert (FOLDER / "results" / "calibration.md").read_text() == markdown(FOUND)


def test_committed_figures_are_held_but_the_one_that_the_readme_explains():
    missed = [figure["name"] for figure in FOUND["figures"] if not figure["held"]]
    assert missed == ["Newcombe's interval at 20 items: least coverage of all cells"]
    assert "every differing item is a gain" in (FOLDER / "README.md").read_text()
