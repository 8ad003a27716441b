"""Shrinkage against the eight-schools posterior."""

from __future__ import annotations

import numpy as np
import pytest

from gemma_audio.analysis.shrinkage import shrunken


def test_eight_schools():
    """Rubin's data (Bayesian Data Analysis, section 5.5), flat priors; posterior means from long Stan runs."""
    y = np.array([28, 8, -3, 7, -1, 1, 18, 12.0])
    s = np.array([15, 10, 16, 11, 9, 11, 10, 18.0])
    expected = [11.4, 7.9, 6.1, 7.6, 5.1, 6.1, 10.6, 8.4]
    assert shrunken(y, s**2, np.linspace(0, 100, 2001)) == pytest.approx(expected, abs=0.15)


def test_a_noisy_extreme_falls_behind_a_sure_one():
    order = shrunken(np.array([0.30, 0.20, 0.0, 0.0, -0.05]), np.array([0.03, 0.0005, 0.0005, 0.0005, 0.0005]))
    assert order[1] > order[0]


def test_few_bins():
    assert shrunken(np.array([0.3]), np.array([0.1])) == pytest.approx([0.3])
    assert shrunken(np.array([]), np.array([])).size == 0
