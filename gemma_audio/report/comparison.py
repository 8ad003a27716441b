"""comparison.json: every number of the report, as one documented dictionary.

Schema 1. Accuracies and differences are fractions; intervals are [low, high] or null; what cannot be computed is null.

- `sweep`, `benchmark`: what was compared.
- `arms`: per arm n, runs, accuracy (official rule), strict, interval and its method, domains, per_run.
- `pairs`: one entry per pair and scope ("recipe" allows for run noise, "these runs" does not); `decides` marks the deciding one;
  b, c, newcombe, p_midp, p_exact are null unless each side is exactly one run; p_holm is over the deciding scopes of the pairs
  not declared primary; se_runs is null in the scope "these runs".
- `refused`: pairs that share no questions, with the reason.
- `subcategories`: sorted by the primary pair's shrunken difference (for sorting only); per pair its deciding scope, with q and
  holm among the testable rows, and mde_raw, mde_flag, the smallest true
  changes seen and flagged with 80 % power (null: no change is).
- `heterogeneity`: one test per pair. `baselines`: what answering without listening scores.
- `cells`: finished; failed and missing with the reason, and of a failed one its stage, log and the log's end.
- `failures`: questions without an answer, and rejected annotation rows.
- `notes`, `settings`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from gemma_audio.analysis.heterogeneity import DRAWS
from gemma_audio.analysis.power import POWER
from gemma_audio.report.arms import arm_entry, domains
from gemma_audio.report.baselines import trivial_baselines
from gemma_audio.report.collect import Sweep
from gemma_audio.report.pairs import SEED, Pair, bins_of, heterogeneity_entry, pair_entries, pairs, subcategory_pairs
from gemma_audio.report.scored import RULE, Scored, scored_arms

SCHEMA = 1
UNFINISHED = ("name", "reason", "stage", "log", "log_tail")


def compare_sweep(sweep: Sweep) -> dict[str, Any]:
    """The comparison of a sweep, from whatever cells have finished so far."""
    scored, mixed = scored_arms(sweep)
    usable, refused = pairs(sweep, scored)
    reference = _reference(sweep, scored)
    return {
        "schema": SCHEMA,
        "sweep": {key: sweep.spec.get(key) for key in ("name", "stamp", "command", "baseline", "treatment", "alpha", "decision")},
        "benchmark": _benchmark(reference),
        "arms": {name: arm_entry(sweep, name, scored.get(name), mixed.get(name, "")) for name in sweep.arms},
        "pairs": pair_entries(usable, sweep.alpha),
        "refused": refused,
        "subcategories": _subcategories(reference, scored, usable, sweep.alpha),
        "heterogeneity": [heterogeneity_entry(pair) for pair in usable if len(pair.names) > 1],
        "baselines": trivial_baselines(reference.items) if reference else dict.fromkeys(("chance", "always_first", "longest")),
        "cells": _cells(sweep),
        "failures": _failures(sweep),
        "notes": [*sweep.notes, *mixed.values()],
        "settings": _settings(sweep.alpha),
    }


def _reference(sweep: Sweep, scored: dict[str, Scored]) -> Scored | None:
    """The arm whose questions the tables are about: the baseline's, else the treatment's, else the first that has any."""
    treatment, baseline = sweep.primary
    return next((scored[name] for name in (baseline, treatment, *sweep.arms) if name in scored), None)


def _benchmark(reference: Scored | None) -> dict[str, Any]:
    identity = reference.benchmark if reference else {}
    n = len(reference.items) if reference else 0
    return {**{key: identity.get(key) for key in ("name", "sha256", "revision")}, "n": n}


def _subcategories(reference: Scored | None, scored: dict[str, Scored], usable: list[Pair], alpha: float) -> list[dict[str, Any]]:
    if reference is None:
        return []
    alike = {name: s for name, s in scored.items() if s.items.index.equals(reference.items.index)}
    tables = [subcategory_pairs(pair, alpha) for pair in usable]
    order = domains(reference.items["task"].tolist())
    bins, names = bins_of(reference.items)
    rows = [
        {
            "name": name,
            "domain": domain,
            "n": int((bins == code).sum()),
            "arms": {arm: float(s.arm.scores[:, bins == code].mean()) for arm, s in alike.items()},
            "pairs": [table[(domain, name)] for table in tables if (domain, name) in table],
        }
        for code, (domain, name) in enumerate(names)
    ]
    return sorted(rows, key=lambda row: (-_first_shrunken(row), order.index(row["domain"]), row["name"]))


def _first_shrunken(row: dict[str, Any]) -> float:
    return float(row["pairs"][0]["shrunken"]) if row["pairs"] else 0.0


def _cells(sweep: Sweep) -> dict[str, Any]:
    def unfinished(state: str) -> list[dict[str, Any]]:
        return [{key: getattr(c, key) for key in UNFINISHED} for c in sweep.cells if c.state == state]

    finished = [cell.name for cell in sweep.cells if cell.state == "finished"]
    return {"finished": finished, "failed": unfinished("failed"), "missing": unfinished("missing")}


def _failures(sweep: Sweep) -> dict[str, Any]:
    """Questions that no answer could be had for (they stay in the denominator) and annotation rows that were rejected."""
    failed = sweep.rows[sweep.rows["failure"] != ""]
    by_item = sorted(Counter(zip(failed["id"], failed["failure"], strict=True)).items())
    rejected = {
        (str(r["row"]), str(r["id"]), str(r["reason"])) for run in sweep.runs for r in run.benchmark.get("rejected") or []
    }
    return {
        "items": [{"id": item, "reason": reason, "runs": runs} for (item, reason), runs in by_item],
        "rejected": [dict(zip(("row", "id", "reason"), entry, strict=True)) for entry in sorted(rejected)],
    }


def _settings(alpha: float) -> dict[str, Any]:
    return {
        "rule": RULE,
        "alpha": alpha,
        "confidence": 1 - alpha,
        "power": POWER,
        "multiplicity": {"pairs": "holm", "subcategories": ["tarone", "benjamini-hochberg", "holm"]},
        "heterogeneity": {"draws": DRAWS, "seed": SEED},
    }
