"""Many tests at once: Tarone's screen, Benjamini-Hochberg q-values and Holm flags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gemma_audio.analysis.arm import Floats

Values = Sequence[float] | Floats


def tarone(attainable: Values, alpha: float = 0.05) -> tuple[int, NDArray[np.bool_]]:
    """Tarone's screen (Biometrics 46:515, 1990): the correction K, and which tests can reach alpha / K at all.

    `attainable` is the smallest p-value that each test could have given. K is the smallest number with at most K attainable
    p-values at or below alpha / K; a test outside could not have been significant, so leaving it out costs no error.
    """
    least = np.asarray(attainable, dtype=np.float64)
    corrections = np.arange(1, max(least.size, 1) + 1)
    able = np.searchsorted(np.sort(least), alpha / corrections, side="right")
    k = int(corrections[np.argmax(able <= corrections)])
    return k, least <= alpha / k


def holm(p: Values, alpha: float = 0.05) -> tuple[Floats, NDArray[np.bool_]]:
    """Holm-adjusted p-values, and which are rejected at alpha."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepwise = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepwise, 1.0)
    return adjusted, adjusted <= alpha


def benjamini_hochberg(p: Values) -> Floats:
    """Benjamini-Hochberg q-values."""
    return np.asarray(stats.false_discovery_control(p, method="bh")) if len(p) else np.empty(0)
