"""Differences by domain, category and difficulty, as entries of comparison.json."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.analysis.arm import Codes
from gemma_audio.analysis.bins import measured_bins
from gemma_audio.analysis.contrast import scopes
from gemma_audio.analysis.subcategories import comparisons
from gemma_audio.report.arms import ordered
from gemma_audio.report.pairs import Pair, correct
from gemma_audio.report.scored import Scored

KINDS = {"domain": "task", "category": "category", "difficulty": "difficulty"}


def cuts(reference: Scored, scored: dict[str, Scored], pairs: list[Pair], alpha: float) -> list[dict[str, Any]]:
    """One entry per part of each kind of cut, with every pair's difference in its deciding scope, Holm within (pair, kind).

    A kind that all items share, such as one difficulty, divides nothing and is left out.
    """
    entries: list[dict[str, Any]] = []
    for kind, column in KINDS.items():
        codes, names = _coded(reference.items, column)
        if len(names) > 1:
            entries += _kind(kind, codes, names, scored, _entries(pairs, column, alpha))
    return entries


def _kind(
    kind: str, codes: Codes, names: list[str], scored: dict[str, Scored], entries: dict[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    masks = [(name, codes == code) for code, name in enumerate(names)]
    return [
        {
            "by": kind,
            "name": name,
            "n": int(mask.sum()),
            "arms": {arm: float(s.arm.scores[:, mask].mean()) for arm, s in scored.items()},
            "pairs": entries.get(name, []),
        }
        for name, mask in masks
    ]


def _entries(pairs: list[Pair], column: str, alpha: float) -> dict[str, list[dict[str, Any]]]:
    """Every pair's entries by the part's name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for pair in pairs:
        codes, names = _coded(pair.baseline.items, column)
        treatment, baseline = pair.treatment.arm, pair.baseline.arm
        measured = measured_bins(treatment, baseline, codes, scopes(treatment, baseline)[0][0], alpha)
        entries = [pair.entry(result, decides=True) for result in comparisons(measured)]
        correct(entries, alpha)
        for name, entry in zip(names, entries, strict=True):
            found.setdefault(name, []).append(entry)
    return found


def _coded(items: pd.DataFrame, column: str) -> tuple[Codes, list[str]]:
    labels = items[column].tolist()
    names = ordered(column, labels)
    index = {name: code for code, name in enumerate(names)}
    return np.array([index[label] for label in labels], dtype=np.intp), names
