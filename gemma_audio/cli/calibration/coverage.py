"""How often Newcombe's paired interval holds the true difference, by enumerating every possible table."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from gemma_audio.analysis.arm import Codes, Floats
from gemma_audio.analysis.intervals import newcombe_bounds

SLACK = 1e-12
GRID = {
    "discordance": np.round(np.arange(0.05, 0.501, 0.05), 2).tolist(),
    "delta": np.round(np.arange(0, 0.201, 0.05), 2).tolist(),
    "base": np.round(np.arange(0.3, 0.901, 0.1), 2).tolist(),
}


def coverage(count: int) -> dict[str, Any]:
    """Exact coverage of the 95 % interval at `count` items in every feasible cell of GRID: least, mean, and all cells."""
    tables = every_table(count)
    bounds = newcombe_bounds(tables)
    cells = [
        {"discordance": rate, "delta": delta, "base": base, "coverage": _covered(tables, bounds, chances, delta)}
        for rate in GRID["discordance"]
        for delta in GRID["delta"]
        for base in GRID["base"]
        if (chances := outcomes(rate, delta, base)) is not None
    ]
    values = [cell["coverage"] for cell in cells]
    return {"items": count, "cells": len(cells), "least": min(values), "mean": float(np.mean(values)), "grid": cells}


def every_table(count: int) -> Codes:
    """All tables of `count` items, (4, tables)."""
    a, b, c = np.meshgrid(*[np.arange(count + 1)] * 3, indexing="ij")
    kept = a + b + c <= count
    return np.stack([a[kept], b[kept], c[kept], count - (a + b + c)[kept]])


def outcomes(rate: float, delta: float, base: float) -> tuple[float, float, float, float] | None:
    """Chances of both right, only the treatment, only the baseline, neither; None where there are no such models."""
    b, c = (rate + delta) / 2, (rate - delta) / 2
    a, d = base - c, 1 - base - b
    return (a, b, c, d) if min(a, b, c, d) >= -SLACK else None


def _covered(tables: Codes, bounds: tuple[Floats, Floats], chances: tuple[float, ...], delta: float) -> float:
    low, high = bounds
    probable = np.maximum(chances, 0.0)[:, None]
    log = special.gammaln(tables.sum(0) + 1) - special.gammaln(tables + 1).sum(0) + special.xlogy(tables, probable).sum(0)
    held = (low <= delta + SLACK) & (delta - SLACK <= high)
    return float(np.exp(log)[held].sum())
