"""McNemar's test of two single runs on the same items: exact, and mid-p."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from gemma_audio.analysis.arm import Arm, Codes


class PairedTable(NamedTuple):
    """Items by outcome: a both right, b only the treatment right, c only the baseline right, d both wrong."""

    a: int
    b: int
    c: int
    d: int


def paired_table(treatment: Arm, baseline: Arm) -> PairedTable | None:
    """The table of two arms of exactly one run with 0/1 scores each; None otherwise, since runs are never stacked into it."""
    if treatment.runs != 1 or baseline.runs != 1 or not (treatment.binary and baseline.binary):
        return None
    t, r = treatment.scores[0] == 1, baseline.scores[0] == 1
    return PairedTable(*(int(np.count_nonzero(cell)) for cell in (t & r, t & ~r, ~t & r, ~t & ~r)))


def exact_p(b: int, c: int) -> float:
    """Two-sided exact conditional p; 1 where nothing differs."""
    return float(min(mcnemar([[0, b], [c, 0]], exact=True).pvalue, 1.0)) if b + c else 1.0


def midp(b: int, c: int) -> float:
    """Two-sided mid-p, which holds its size far better than the exact test (Fagerland, Lydersen and Laake 2013)."""
    if b == c:
        return 1.0 - 0.5 * float(stats.binom.pmf(b, b + c, 0.5)) if b else 1.0
    return exact_p(b, c) - float(stats.binom.pmf(min(b, c), b + c, 0.5))


def critical(discordant: Codes, alpha: float) -> Codes:
    """How many of `discordant` differing items must be won for a mid-p of at most `alpha`; one more than there are if never."""
    start = np.maximum(stats.binom.isf(alpha / 2, discordant, 0.5), 0)
    p = stats.binom.sf(start - 1, discordant, 0.5) + stats.binom.sf(start, discordant, 0.5)
    return np.asarray(start + (p > alpha), dtype=np.intp)


def least_midp(discordant: int) -> float:
    """The smallest mid-p that `discordant` differing items can reach: all of them to one side."""
    return 0.5**discordant if discordant else 1.0
