"""McNemar's test of two single runs on the same items: exact, and mid-p."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from gemma_audio.analysis.arm import Arm, Codes, Floats

Counts = int | Codes


class PairedTable(NamedTuple):
    """Items by outcome: a both right, b only the treatment right, c only the baseline right, d both wrong."""

    a: int
    b: int
    c: int
    d: int


def countable(treatment: Arm, baseline: Arm) -> bool:
    """Whether each side is exactly one run of 0/1 scores; runs are never stacked into a table."""
    return treatment.runs == baseline.runs == 1 and treatment.binary and baseline.binary


def paired_table(treatment: Arm, baseline: Arm) -> PairedTable | None:
    """The table of two arms of exactly one run with 0/1 scores each; None otherwise."""
    if not countable(treatment, baseline):
        return None
    return PairedTable(*paired_counts(treatment, baseline, np.zeros(treatment.scores.shape[1], dtype=np.intp))[:, 0].tolist())


def paired_counts(treatment: Arm, baseline: Arm, codes: Codes) -> Codes:
    """The tables of all bins, (4, bins), of two countable arms; `codes` (items,) is each item's bin."""
    cells = np.asarray(3 - 2 * treatment.scores[0] - baseline.scores[0], dtype=np.intp)
    bins = int(codes.max()) + 1
    counts = np.bincount(cells * bins + codes, minlength=4 * bins).reshape(4, bins)
    return counts.astype(np.intp, copy=False)


def exact_p(b: int, c: int) -> float:
    """Two-sided exact conditional p; 1 where nothing differs."""
    return float(exact_values(b, c))


def midp(b: int, c: int) -> float:
    """Two-sided mid-p, which holds its size far better than the exact test (Fagerland, Lydersen and Laake 2013)."""
    return float(midp_values(b, c))


def exact_values(b: Counts, c: Counts) -> Floats:
    """`exact_p` of many tables at once."""
    result: Floats = np.minimum(2 * special.bdtr(np.minimum(b, c), np.add(b, c), 0.5), 1.0)
    return result


def midp_values(b: Counts, c: Counts) -> Floats:
    """`midp` of many tables at once."""
    fewer, differing = np.minimum(b, c), np.add(b, c)
    equally = special.bdtr(fewer, differing, 0.5) - np.where(fewer > 0, special.bdtr(np.maximum(fewer - 1, 0), differing, 0.5), 0)
    apart = exact_values(b, c) - equally
    result: Floats = np.where(differing == 0, 1.0, np.where(np.equal(b, c), 1 - equally / 2, apart))
    return result


@lru_cache(maxsize=1024)
def critical(differing: int, alpha: float) -> Codes:
    """For each number of differing items from 0 to `differing`, how many of them must be won for a mid-p of at most `alpha`.

    One more than there are where no number suffices.
    """
    discordant = np.arange(differing + 1)
    start = np.maximum(stats.binom.isf(alpha / 2, discordant, 0.5), 0)
    p = stats.binom.sf(start - 1, discordant, 0.5) + stats.binom.sf(start, discordant, 0.5)
    return np.asarray(start + (p > alpha), dtype=np.intp)


def least_midp(discordant: Counts) -> Floats:
    """The smallest mid-p that `discordant` differing items can reach: all of them to one side."""
    result: Floats = 0.5 ** np.asarray(discordant, dtype=np.float64)
    return result
