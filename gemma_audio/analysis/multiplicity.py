"""Many tests at once: Tarone's screen, Benjamini-Hochberg q-values and Holm flags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests


def tarone(attainable: Sequence[float], alpha: float = 0.05) -> tuple[int, NDArray[np.bool_]]:
    """Tarone's screen (Biometrics 46:515, 1990): the correction K, and which tests can reach alpha / K at all.

    `attainable` is the smallest p-value that each test could have given. K is the smallest number with at most K attainable
    p-values at or below alpha / K; a test outside could not have been significant, so leaving it out costs no error.
    """
    least = np.asarray(attainable, dtype=np.float64)
    for k in range(1, max(least.size, 1) + 1):
        able = least <= alpha / k
        if int(able.sum()) <= k:
            return k, able
    raise AssertionError("K = the number of tests always satisfies the condition")


def holm(p: Sequence[float], alpha: float = 0.05) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Holm-adjusted p-values, and which are rejected at alpha."""
    if not len(p):
        return np.empty(0), np.empty(0, dtype=np.bool_)
    reject, adjusted, *_ = multipletests(p, alpha=alpha, method="holm")
    return np.asarray(adjusted), np.asarray(reject)


def benjamini_hochberg(p: Sequence[float]) -> NDArray[np.float64]:
    """Benjamini-Hochberg q-values."""
    return np.asarray(stats.false_discovery_control(p, method="bh")) if len(p) else np.empty(0)
