"""Shrunken differences: an order for rows that does not put the noisiest first."""

from __future__ import annotations

import numpy as np

from gemma_audio.analysis.arm import Floats

SCALES = np.linspace(0.0, 0.5, 251)


def shrunken(deltas: Floats, variances: Floats, scales: Floats = SCALES) -> Floats:
    """Posterior mean of each bin's true difference, for sorting only, never a finding.

    Normal hierarchy (Rubin 1981): `deltas` (bins,) with known positive `variances` (bins,), true differences N(mu, tau squared),
    mu flat, and tau averaged over the grid `scales` (a flat prior on the scale) by its posterior weight.
    """
    if deltas.size < 2:
        return deltas.copy()
    spread = variances + scales[:, None] ** 2
    precision = 1 / spread
    mu = (precision @ deltas) / precision.sum(1)
    log_weight = -0.5 * (np.log(precision.sum(1)) + np.log(spread).sum(1) + (precision * (deltas - mu[:, None]) ** 2).sum(1))
    weight = np.exp(log_weight - log_weight.max())
    kept = scales[:, None] ** 2 / spread
    means: Floats = kept * deltas + (1 - kept) * mu[:, None]
    averaged: Floats = (weight[:, None] * means).sum(0) / weight.sum()
    return averaged
