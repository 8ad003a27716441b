"""A true change in one bin: how often each rule finds it in simulated answers, and how often it must."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gemma_audio.analysis.arm import Arm, Codes, Floats
from gemma_audio.analysis.bins import Bins, measured_bins
from gemma_audio.analysis.mcnemar import critical, least_midp
from gemma_audio.analysis.power import midp_power
from gemma_audio.analysis.subcategories import screened
from gemma_audio.cli.calibration.progress import Progress

ALPHA = 0.05
DISCORDANCE = 0.25
SIZES = (20, 35, 48, 56)
CHANGES = (0.15, 0.25, 0.35)
RULES = ("raw", "Holm", "Tarone-BH")


class Plant(NamedTuple):
    """A true change of `delta` in the bin `code`; everywhere else nothing changes but answers, at the rate DISCORDANCE."""

    code: int
    delta: float


def planted(plant: Plant, codes: Codes, draws: int, seed: int, progress: Progress) -> dict[str, Any]:
    """Simulated and exact share of draws that find the change in its direction, by rule.

    Two single runs of 0/1 scores. Exact for the raw rule is the binomial sum over every table of the bin; for Holm and
    Tarone-BH that sum at the threshold that the draw's other bins leave to it, averaged over draws.
    """
    rng, size = np.random.default_rng(seed), int((codes == plant.code).sum())
    found, exact = dict.fromkeys(RULES, 0.0), dict.fromkeys(RULES, 0.0)
    for _ in range(draws):
        bins = measured_bins(*answers(rng, plant, codes), codes, "these runs", ALPHA)
        for rule, claimed in claims(bins, plant.code).items():
            found[rule] += claimed / draws
        for rule, chance in chances(bins, plant, size).items():
            exact[rule] += chance / draws
        progress.step()
    return {"items": size, "delta": plant.delta, "draws": draws, "simulated": found, "exact": exact}


def answers(rng: np.random.Generator, plant: Plant, codes: Codes) -> tuple[Arm, Arm]:
    """One draw of both arms."""
    delta = np.where(codes == plant.code, plant.delta, 0.0)
    rate, draw = np.maximum(DISCORDANCE, delta), rng.random(codes.size)
    won, differs = draw < (rate + delta) / 2, draw < rate
    both = rng.random(codes.size) < 0.5
    treatment, baseline = np.where(differs, won, both), np.where(differs, ~won, both)
    return Arm("treatment", treatment[None].astype(float), True), Arm("baseline", baseline[None].astype(float), False)


def claims(bins: Bins, code: int) -> dict[str, bool]:
    """Whether each rule claims a gain in the bin."""
    flags, gain = screened(bins, ALPHA), bool(bins.moments.sums[code] > 0)
    claimed = (bins.tests.p[code] <= ALPHA, flags.holm[code], flags.q[code] <= ALPHA)
    return {rule: bool(one) and gain for rule, one in zip(RULES, claimed, strict=True)}


def chances(bins: Bins, plant: Plant, size: int) -> dict[str, float]:
    """Exact chance of each claim, given the other bins of this draw."""
    raw = midp_power(size, DISCORDANCE, plant.delta, ALPHA)
    p, least = (np.delete(values, plant.code) for values in (bins.tests.p, bins.tests.least_p))
    able = int(np.ceil(np.log2((least.size + 1) / ALPHA)))  # so many differing items and more can reach any level
    levels = np.array([thresholds(p, least, float(own)) for own in least_midp(np.arange(min(able, size) + 1))])
    levels = np.pad(levels, ((0, size + 1 - len(levels)), (0, 0)), mode="edge")
    return {"raw": raw, **{rule: _power(size, plant.delta, column) for rule, column in zip(RULES[1:], levels.T, strict=True)}}


def thresholds(p: Floats, least: Floats, own: float) -> tuple[float, float]:
    """The largest p of one further test, itself able to reach `own`, that Holm and Benjamini-Hochberg flag beside the others.

    From the definitions: Tarone's K is the first number that at most K tests can reach at alpha / K; of the `count` tests that
    can, Holm goes down the sorted p until one fails, and Benjamini-Hochberg rejects the most that lie below their line.
    """
    every = np.append(least, own)
    correction = next(k for k in range(1, every.size + 1) if (every <= ALPHA / k).sum() <= k)
    if own > ALPHA / correction:
        return 0.0, 0.0
    others = np.sort(p[least <= ALPHA / correction])
    count = others.size + 1
    passed = int(np.cumprod(others <= ALPHA / (count - np.arange(count - 1))).sum())
    ranks = np.arange(1, count + 1)
    below = np.searchsorted(others, ALPHA * ranks / count, side="right") >= ranks - 1
    return ALPHA / (count - passed), ALPHA * float(ranks[below].max()) / count


def _power(size: int, delta: float, levels: Floats) -> float:
    """Chance of a gain at `levels`, one for each number of differing items from 0 to `size`."""
    values = sorted(set(levels[levels > 0].tolist()))
    return float(sum(_at(size, delta, value, levels == value) for value in values))


def _at(size: int, delta: float, level: float, counts: NDArray[np.bool_]) -> float:
    discordant = np.flatnonzero(counts)
    rate = max(DISCORDANCE, delta)
    found = special.bdtrc(critical(size, level)[counts] - 1, discordant, (1 + delta / rate) / 2)
    probable = special.bdtr(discordant, size, rate) - np.where(discordant > 0, special.bdtr(discordant - 1, size, rate), 0.0)
    return float(probable @ found)
