"""How a table of differences by bin looks when no bin differs from another: simulated, with a stated seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gemma_audio.analysis.arm import Floats

DRAWS = 20_000
Counts = NDArray[np.int64]


class Draws(NamedTuple):
    """Items won (b) and lost (c) by bin, each (draws, bins); `sizes` is (bins,)."""

    b: Counts
    c: Counts
    sizes: Counts

    @property
    def points(self) -> Floats:
        """Differences in percentage points, (draws, bins)."""
        result: Floats = 100 * (self.b - self.c) / self.sizes
        return result


def draw(sizes: Sequence[int], discordance: float, effect: float, *, seed: int, draws: int = DRAWS) -> Draws:
    """Tables of two runs in which each item differs with probability `discordance` and is gained, net, with `effect`."""
    rng = np.random.default_rng(seed)
    odds = [(discordance + effect) / 2, (discordance - effect) / 2, 1 - discordance]
    cells = [rng.multinomial(n, odds, size=draws) for n in sizes]
    b, c = (np.stack([cell[:, side] for cell in cells], axis=1) for side in (0, 1))
    return Draws(b, c, np.asarray(sizes))


def p_values(drawn: Draws) -> dict[str, Floats]:
    """McNemar's exact p and mid-p of every bin, each (draws, bins)."""
    differing, fewer = drawn.b + drawn.c, np.minimum(drawn.b, drawn.c)
    below, at = stats.binom.cdf(fewer, differing, 0.5), stats.binom.pmf(fewer, differing, 0.5)
    even = 1 - 0.5 * at * (differing > 0)
    return {"exact": np.minimum(2 * below, 1), "mid-p": np.where(drawn.b == drawn.c, even, 2 * below - at)}


def table_facts(drawn: Draws, alpha: float = 0.05) -> dict[str, float]:
    """What such tables hold: mean numbers of bins, median extremes in points, and per test the share of tables that claim."""
    points, facts = drawn.points, {}
    for name, p in p_values(drawn).items():
        facts[f"any_{name}"] = float((p <= alpha).any(1).mean())
        facts[f"any_loss_{name}"] = float(((p <= alpha) & (points < 0)).any(1).mean())
        facts[f"any_bonferroni_{name}"] = float((p <= alpha / len(drawn.sizes)).any(1).mean())
    return facts | {
        "bins_lost": float((points < 0).sum(1).mean()),
        "bins_unchanged": float((points == 0).sum(1).mean()),
        "bins_under_6_discordant": float((drawn.b + drawn.c < 6).sum(1).mean()),
        "median_worst": float(np.median(points.min(1))),
        "median_best": float(np.median(points.max(1))),
    }


def like_table(drawn: Draws, seen: Mapping[str, float]) -> dict[str, float]:
    """Shares of tables that are as extreme as the one seen, and mean numbers of bins beyond the band.

    `seen`: `best` and `worst` (points), `most` (questions that one bin gained), `band` (points), `gained` and `lost` (bins
    beyond it).
    """
    points, band = drawn.points.round(1), seen["band"]
    gained, lost = (points > band).sum(1), (points < -band).sum(1)
    return {
        "best": float((points.max(1) >= seen["best"]).mean()),
        "worst": float((points.min(1) <= seen["worst"]).mean()),
        "most": float(((drawn.b - drawn.c).max(1) >= seen["most"]).mean()),
        "mean_gained": float(gained.mean()),
        "mean_lost": float(lost.mean()),
        "gained": float((gained >= seen["gained"]).mean()),
        "lost": float((lost >= seen["lost"]).mean()),
    }
