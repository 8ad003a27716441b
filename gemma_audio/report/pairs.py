"""Differences between arms, overall and by subcategory, as entries of comparison.json."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.analysis.arm import Codes
from gemma_audio.analysis.heterogeneity import heterogeneity
from gemma_audio.analysis.multiplicity import holm
from gemma_audio.analysis.pair import Comparison, compare_scopes
from gemma_audio.analysis.subcategories import Bin, compare_bins
from gemma_audio.report.collect import Sweep
from gemma_audio.report.scored import Scored, unpairable

SEED = 0


@dataclass(frozen=True)
class Pair:
    """Two arms on the same items; `bins` (items,) indexes `names`, the (domain, subcategory) rows."""

    treatment: Scored
    baseline: Scored
    primary: bool
    bins: Codes
    names: list[tuple[str, str]]

    @property
    def label(self) -> dict[str, str]:
        """The two arms' names."""
        return {"treatment": self.treatment.arm.name, "baseline": self.baseline.arm.name}


def pairs(sweep: Sweep, scored: dict[str, Scored]) -> tuple[list[Pair], list[dict[str, str]]]:
    """Every pair of arms, the declared one first and the others later arm against earlier; and those refused, with the reason."""
    others = [(t, b) for b, t in combinations(sweep.arms, 2) if {t, b} != set(sweep.primary)]
    usable, refused = [], []
    for treatment, baseline in [sweep.primary, *others]:
        if treatment not in scored or baseline not in scored or treatment == baseline:
            continue
        reason = unpairable(scored[treatment], scored[baseline])
        if reason:
            refused.append({"treatment": treatment, "baseline": baseline, "reason": reason})
        else:
            bins, names = bins_of(scored[baseline].items)
            primary = (treatment, baseline) == sweep.primary
            usable.append(Pair(scored[treatment], scored[baseline], primary, bins, names))
    return usable, refused


def pair_entries(pairs: list[Pair], alpha: float) -> list[dict[str, Any]]:
    """One entry per pair and scope, the deciding scope first; Holm over the deciding scopes of the pairs not declared primary."""
    entries, corrected = [], []
    for pair in pairs:
        scopes = compare_scopes(pair.treatment.arm, pair.baseline.arm, alpha=alpha)
        runs = {"treatment": pair.treatment.arm.runs, "baseline": pair.baseline.arm.runs}
        for rank, result in enumerate(scopes):
            fields = {**_fields(result), "note": result.contrast.note}
            entries.append({**pair.label, "primary": pair.primary, "decides": rank == 0, "runs": runs, **fields, "p_holm": None})
            if rank == 0 and not pair.primary:
                corrected.append(entries[-1])
    for entry, adjusted in zip(corrected, holm([entry["p"] for entry in corrected], alpha)[0], strict=True):
        entry["p_holm"] = float(adjusted)
    return entries


def subcategory_pairs(pair: Pair, alpha: float) -> dict[tuple[str, str], dict[str, Any]]:
    """The pair's entry for each (domain, subcategory)."""
    results = compare_bins(pair.treatment.arm, pair.baseline.arm, pair.bins, alpha=alpha)
    return {name: {**pair.label, **_bin_fields(result)} for name, result in zip(pair.names, results, strict=True)}


def heterogeneity_entry(pair: Pair) -> dict[str, Any]:
    """Sign-flip test of one common difference over the subcategories; of these runs, since items are its units."""
    differences = pair.treatment.arm.scores.mean(0) - pair.baseline.arm.scores.mean(0)
    result = heterogeneity(differences, pair.bins, seed=SEED)
    return {**pair.label, "scope": "these runs", "statistic": result.statistic, "p": result.p}


def bins_of(items: pd.DataFrame) -> tuple[Codes, list[tuple[str, str]]]:
    """The (domain, subcategory) of each item as a code, and the names that the codes index."""
    keys = list(zip(items["task"], items["subcategory"], strict=True))
    names = sorted(set(keys))
    index = {name: code for code, name in enumerate(names)}
    return np.array([index[key] for key in keys], dtype=np.intp), names


def _fields(result: Comparison) -> dict[str, Any]:
    c, table = result.contrast, result.table
    return {
        "scope": c.scope,
        "n": result.items,
        "delta": c.delta,
        "interval": c.interval,
        "p": c.p,
        "df": c.df,
        "se_items": c.se_items,
        "se_runs": c.se_runs,
        "b": table.b if table else None,
        "c": table.c if table else None,
        "newcombe": result.newcombe,
        "p_midp": result.p_midp,
        "p_exact": result.p_exact,
    }


def _bin_fields(result: Bin) -> dict[str, Any]:
    fields = _fields(result.comparison)
    del fields["n"]
    extra = ("testable", "q", "holm", "mde_raw", "mde_flag", "shrunken")
    return {**fields, "note": result.comparison.contrast.note, **{name: getattr(result, name) for name in extra}}
