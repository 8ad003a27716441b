"""Factorial effects against statsmodels' least squares and closed forms, with blocks, and designs that are refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols

from gemma_audio.analysis.arm import Arm
from gemma_audio.analysis.contrast import contrast
from gemma_audio.analysis.factorial import factorial
from gemma_audio.analysis.multiplicity import holm
from gemma_audio.errors import GemmaAudioError

TWO = {"part": {"projector": ["p", "pp"], "both": ["t", "tp"]}, "prompt": {"generic": ["p", "t"], "task": ["pp", "tp"]}}


def constant(means: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(means, dtype=float)[:, None], 8, axis=1)


def two_by_two(rng: np.random.Generator, runs: int = 3, items: int = 30, blocks: tuple[str, ...] | None = None) -> list[Arm]:
    return [Arm(name, rng.integers(0, 2, (runs, items)).astype(float), True, blocks) for name in ("p", "pp", "t", "tp")]


def test_effects_are_what_least_squares_finds_on_coded_factors():
    """With +-1 coding a coefficient of ordinary least squares is half an effect of Box and Hunter."""
    rng = np.random.default_rng(1)
    names = {f"{a}{b}{c}": (a, b, c) for a, b, c in product((-1, 1), repeat=3)}
    factors = {
        f: {"lo": [n for n, at in names.items() if at[i] < 0], "hi": [n for n, at in names.items() if at[i] > 0]}
        for i, f in enumerate("xyz")
    }
    arms = [Arm(name, constant(rng.random(4)), True) for name in names]
    rows = [(*names[arm.name], mean) for arm in arms for mean in arm.scores.mean(1)]
    fitted = ols("accuracy ~ x * y * z", pd.DataFrame(rows, columns=[*"xyz", "accuracy"])).fit()
    effects = {":".join(effect.factors): effect for effect in factorial(arms, factors)}
    assert list(effects) == ["x", "y", "z", "x:y", "x:z", "y:z"]
    for name, effect in effects.items():
        assert effect.contrast.delta == pytest.approx(2 * fitted.params[name])
        assert effect.contrast.se_runs == pytest.approx(2 * fitted.bse[name])


def test_interaction_by_hand():
    """Both: 0.2 -> 0.6 by the prompt; projector only: 0.3 -> 0.4. Half of 0.4 - 0.1; main effects 0.25 and 0.05."""
    arms = [Arm(name, np.full((1, 4), value), False) for name, value in {"p": 0.3, "pp": 0.4, "t": 0.2, "tp": 0.6}.items()]
    effects = {effect.factors: effect.contrast.delta for effect in factorial(arms, TWO)}
    assert effects == pytest.approx({("part",): 0.05, ("prompt",): 0.25, ("part", "prompt"): 0.15})


def test_standard_error_sums_items_and_the_runs_of_all_arms():
    arms = two_by_two(np.random.default_rng(2))
    main = factorial(arms, TWO)[1].contrast
    p, pp, t, tp = (arm.scores for arm in arms)
    d = (pp.mean(0) + tp.mean(0) - p.mean(0) - t.mean(0)) / 2
    items, runs = d.var(ddof=1) / 30, [x.mean(1).var(ddof=1) / 3 / 4 for x in (p, pp, t, tp)]
    df = (items + sum(runs)) ** 2 / (items**2 / 29 + sum(v**2 / 2 for v in runs))
    assert main.scope == "recipe"
    assert (main.delta, main.df) == pytest.approx((d.mean(), df))
    assert main.p == pytest.approx(2 * stats.t.sf(abs(d.mean()) / (items + sum(runs)) ** 0.5, df))


def test_one_factor_is_the_contrast_of_two_arms():
    rng = np.random.default_rng(3)
    a, b = (Arm(name, rng.integers(0, 2, (3, 30)).astype(float), True, tuple("xyz")) for name in "ab")
    (only,) = factorial([a, b], {"f": {"without": ["a"], "with": ["b"]}})
    expected = contrast(b.scores, a.scores, blocks=(b.blocks, a.blocks))
    assert (only.contrast.delta, only.contrast.p, only.contrast.df) == pytest.approx((expected.delta, expected.p, expected.df))
    assert only.levels == (("without", "with"),)


def test_blocks_shared_by_all_arms_are_the_one_sample_t_test_on_the_blocks_effects():
    rng = np.random.default_rng(4)
    means = dict(zip(("p", "pp", "t", "tp"), rng.random((4, 5)), strict=True))
    arms = [Arm(name, constant(values), True, tuple("abcde")) for name, values in means.items()]
    interaction = factorial(arms, TWO)[2].contrast
    within = (means["tp"] - means["t"] - means["pp"] + means["p"]) / 2
    theirs = stats.ttest_1samp(within, 0)
    assert (interaction.p, interaction.df) == pytest.approx((theirs.pvalue, theirs.df))


def test_blocks_shared_by_arms_of_one_level_only():
    """The prompt is varied within an encoder stage, the part between them: only the prompt's test rests on differences."""
    rng = np.random.default_rng(5)
    encoder = {"p": rng.normal(0, 0.1, 4), "t": rng.normal(0, 0.1, 4)}
    means = {name: 0.5 + encoder[name[0]] + rng.normal(0, 0.005, 4) for name in ("p", "pp", "t", "tp")}
    arms = [Arm(name, constant(values), True, tuple(f"{name[0]}{i}" for i in range(4))) for name, values in means.items()]
    part, prompt, _ = (effect.contrast for effect in factorial(arms, TWO))
    whole = stats.ttest_ind((means["t"] + means["tp"]) / 2, (means["p"] + means["pp"]) / 2, equal_var=False)
    assert part.p == pytest.approx(whole.pvalue)
    assert prompt.se_runs < part.se_runs / 10


def test_holm_is_over_all_effects():
    effects = factorial(two_by_two(np.random.default_rng(6)), TWO)
    assert [effect.p_holm for effect in effects] == pytest.approx(holm([effect.contrast.p for effect in effects])[0])


def test_an_arm_with_one_run_makes_no_recipe_claim():
    arms = two_by_two(np.random.default_rng(7))
    arms[2] = Arm("t", arms[2].scores[:1], True)
    effects = factorial(arms, TWO)
    assert {effect.contrast.scope for effect in effects} == {"these runs"}
    assert "one trained run of t " in effects[0].contrast.note
    assert factorial(two_by_two(np.random.default_rng(7)), TWO)[0].contrast.note == ""


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({}, "no factor is named"),
        ({"f": {"one": ["p"]}}, "f: 1 levels, expected two"),
        (
            {"part": {"projector": ["p", "pp"], "both": ["t"]}, "prompt": {"generic": ["p", "t"], "task": ["pp"]}},
            "both, prompt task: no arm",
        ),
        ({**TWO, "prompt": {"generic": ["p", "t", "pp"], "task": ["tp"]}}, "part projector, prompt generic: p and pp, exp"),
        ({**TWO, "prompt": {"generic": ["p", "t"], "task": ["pp", "tp", "p"]}}, r"p is at 2 places of prompt \(generic, task\)"),
        ({**TWO, "prompt": {"generic": ["p", "t"], "task": ["pp"]}}, "arm tp is at no level of prompt"),
        ({**TWO, "prompt": {"generic": ["p", "t"], "task": ["pp", "other"]}}, "arm other has no scores"),
    ],
)
def test_incomplete_designs_are_refused(factors, message):
    with pytest.raises(GemmaAudioError, match=message):
        factorial(two_by_two(np.random.default_rng(8)), factors)


def test_size_of_an_interaction_with_the_encoder_as_block():
    rng, rejected, trials = np.random.default_rng(9), 0, 800
    for _ in range(trials):
        difficulty, arms = rng.beta(2, 1.5, 250), []
        encoder = {"p": rng.normal(0, 0.04, (5, 1)), "t": rng.normal(0, 0.04, (5, 1))}
        for name in ("p", "pp", "t", "tp"):
            chance = difficulty + encoder[name[0]] + rng.normal(0, 0.02, (5, 1))
            arms.append(
                Arm(name, (rng.random(chance.shape) < chance).astype(float), True, tuple(name[0] + str(i) for i in range(5)))
            )
        rejected += factorial(arms, TWO)[2].contrast.p <= 0.05
    assert rejected / trials < 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5, "seed 9"
    assert rejected / trials > 0.015, "seed 9"
