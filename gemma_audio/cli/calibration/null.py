"""Two arms of one recipe: how often each test claims a difference that is not there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from gemma_audio.analysis.arm import Arm, Codes
from gemma_audio.analysis.bins import measured_bins
from gemma_audio.analysis.contrast import scopes
from gemma_audio.analysis.pair import compare_scopes
from gemma_audio.analysis.subcategories import screened
from gemma_audio.cli.calibration.answers import FLICKERING, STEADY, Noise, World, arms
from gemma_audio.cli.calibration.progress import Progress

ALPHA = 0.05
GRID = tuple(World(Noise(run, by_bin)) for run in (0.01, 0.02, 0.03) for by_bin in (0.0, 0.05, 0.10))
OTHERS = (
    World(Noise(0.02, 0.05), shape=FLICKERING),
    World(Noise(0.02, 0.05), runs=(5, 5)),
    World(Noise(0.02, 0.05), runs=(3, 1)),
    World(Noise(0.02, 0.05, shared=0.7)),
)
QUIET = (World(Noise()), World(Noise(), runs=(1, 1)))
CONTROL = tuple(World(Noise(run), shape=shape) for shape in (STEADY, FLICKERING) for run in (0.013, 0.02, 0.028))

Claims = dict[str, bool]


def null(world: World, codes: Codes, draws: int, seed: int, progress: Progress, *, by_bin: bool = True) -> dict[str, Any]:
    """Shares of `draws` simulated comparisons that claim: overall in each scope, and in any bin by each rule."""
    rng, counted = np.random.default_rng(seed), dict[str, int]()
    for _ in range(draws):
        pair = arms(rng, world, codes)
        claims = overall(*pair) | (by_rule(*pair, codes) if by_bin else {})
        for name, claimed in claims.items():
            counted[name] = counted.get(name, 0) + claimed
        progress.step()
    about = {"runs": list(world.runs), "shape": list(world.shape), **asdict(world.noise)}
    return {**about, "draws": draws, "claims": {name: number / draws for name, number in counted.items()}}


def overall(treatment: Arm, baseline: Arm) -> Claims:
    """Whether each scope that the pair carries claims an overall difference, and the exact test where there is one."""
    claims: Claims = {}
    for result in compare_scopes(treatment, baseline, alpha=ALPHA):
        claims[result.contrast.scope] = result.contrast.p <= ALPHA
        if result.p_exact is not None:
            claims["exact"] = result.p_exact <= ALPHA
    return claims


def by_rule(treatment: Arm, baseline: Arm, codes: Codes) -> Claims:
    """Whether any bin is claimed: raw, and by Holm and by Benjamini-Hochberg after Tarone's screen."""
    bins = measured_bins(treatment, baseline, codes, scopes(treatment, baseline)[0][0], ALPHA)
    flags = screened(bins, ALPHA)
    return {
        "any raw": bool((bins.tests.p <= ALPHA).any()),
        "any Holm": bool(flags.holm.any()),
        "any Tarone-BH": bool((flags.q[flags.testable] <= ALPHA).any()),
    }
