"""Differences between arms, overall and by subcategory, as entries of comparison.json."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
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
MANY = 12  # arms up to which every pair is compared
SHOWN = 12  # pairs that are drawn and tabulated one by one


@dataclass(frozen=True)
class Pair:
    """Two arms on the same items; `bins` (items,) indexes `names`, the (domain, subcategory) rows.

    `blocks` is how many sealed stages several of their runs rest on, None where none does.
    """

    treatment: Scored
    baseline: Scored
    primary: bool
    bins: Codes
    names: list[tuple[str, str]]
    blocks: int | None = None

    @property
    def label(self) -> dict[str, str]:
        """The two arms' names."""
        return {"treatment": self.treatment.arm.name, "baseline": self.baseline.arm.name}

    @property
    def runs(self) -> dict[str, int]:
        """How many runs each arm has."""
        return {"treatment": self.treatment.arm.runs, "baseline": self.baseline.arm.runs}

    def entry(self, result: Comparison, decides: bool) -> dict[str, Any]:
        """A pair's entry of comparison.json, not yet corrected for other tests."""
        fields = {**_fields(result), "note": result.contrast.note, "p_holm": None, "blocks": self.blocks}
        return {**self.label, "primary": self.primary, "decides": decides, "runs": self.runs, **fields}


def pairs(sweep: Sweep, scored: dict[str, Scored]) -> tuple[list[Pair], list[dict[str, str]], list[str]]:
    """The pairs to compare, the declared one first; those refused, with the reason; and what was left out, if anything.

    Up to MANY arms that is every pair, later arm against earlier; beyond, every arm against the declared baseline and against the
    first untrained arm.
    """
    chosen, note = _chosen(sweep, scored)
    usable, refused = [], []
    for treatment, baseline in chosen:
        reason = unpairable(scored[treatment], scored[baseline])
        if reason:
            refused.append({"treatment": treatment, "baseline": baseline, "reason": reason})
        else:
            usable.append(_pair(scored[treatment], scored[baseline], (treatment, baseline) == sweep.primary))
    more = f"Plot and Markdown tables show the first {SHOWN} of {len(usable)} pairs; deltas.csv holds all."
    return usable, refused, [*note, *([more] if len(usable) > SHOWN else [])]


def _chosen(sweep: Sweep, scored: dict[str, Scored]) -> tuple[list[tuple[str, str]], list[str]]:
    arms = [name for name in sweep.arms if name in scored]
    every = [(t, b) for b, t in combinations(arms, 2) if {t, b} != set(sweep.primary)]
    declared = [sweep.primary] if len({*sweep.primary}.intersection(arms)) == 2 else []
    if len(arms) <= MANY:
        return [*declared, *every], []
    untrained = next((name for name in arms if not scored[name].arm.trained), None)
    anchors = {sweep.primary[1], untrained}.intersection(arms)
    kept = [(b, t) if t in anchors and b not in anchors else (t, b) for t, b in every if {t, b} & anchors]
    against = " and ".join(name for name in arms if name in anchors) or "nothing"
    left = f"{len(arms)} arms: each is compared with {against}; the {len(every) - len(kept):,} other pairs are left out."
    return [*declared, *kept], [left]


def _pair(treatment: Scored, baseline: Scored, primary: bool) -> Pair:
    bins, names = bins_of(baseline.items)
    shared = sum(count > 1 for count in Counter((*treatment.labels, *baseline.labels)).values())
    if not shared:
        return Pair(treatment, baseline, primary, bins, names)
    one, two = (replace(side, arm=replace(side.arm, blocks=side.labels)) for side in (treatment, baseline))
    return Pair(one, two, primary, bins, names, shared)


def pair_entries(pairs: list[Pair], alpha: float) -> list[dict[str, Any]]:
    """One entry per pair and scope, the deciding scope first; Holm over the deciding scopes of the pairs not declared primary."""
    entries = []
    for pair in pairs:
        scopes = compare_scopes(pair.treatment.arm, pair.baseline.arm, alpha=alpha)
        entries += [pair.entry(result, decides=rank == 0) for rank, result in enumerate(scopes)]
    correct([entry for entry in entries if entry["decides"] and not entry["primary"]], alpha)
    return entries


def correct(entries: list[dict[str, Any]], alpha: float) -> None:
    """Fill in `p_holm` of the entries of one family of tests."""
    for entry, adjusted in zip(entries, holm([entry["p"] for entry in entries], alpha)[0], strict=True):
        entry["p_holm"] = float(adjusted)


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
