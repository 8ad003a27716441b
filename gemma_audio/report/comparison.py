"""comparison.json: every number of the report, as one documented dictionary.

Schema 2. Accuracies and differences are fractions; intervals are [low, high] or null; what cannot be computed is null.

- `sweep`, `benchmark`: what was compared.
- `arms`: per arm n, runs, accuracy (official rule), strict, interval and its method, domains, categories, difficulties, per_run;
  `rules`: accuracy by each reading of the same answers, `unparsed`: share of answers that name no option; `rates`: lr,
  lr_by_part and steps per stage; `controls`: accuracy under each condition that was asked for.
- `pairs`: one entry per pair and scope ("recipe" allows for run noise, "these runs" does not); `decides` marks the deciding one;
  b, c, newcombe, p_midp, p_exact are null unless each side is exactly one run; p_holm is over the deciding scopes of the pairs
  not declared primary; se_runs is null in the scope "these runs"; `blocks`: how many sealed stages several runs of the pair
  continue, null where none does.
- `refused`: pairs that share no questions, with the reason.
- `subcategories`: sorted by the primary pair's shrunken difference (for sorting only); per pair its deciding scope, with q and
  holm among the testable rows, and mde_raw, mde_flag, the smallest true
  changes seen and flagged with 80 % power (null: no change is).
- `cuts`: by domain, category and difficulty; per pair its deciding scope with p_holm within (pair, by).
- `heterogeneity`: one test per pair. `baselines`: what answering without listening scores.
- `sensitivity`: per pair its difference by other rules, option orders and wordings; `agrees`: same sign, same exclusion of 0;
  a reading by letter is left out where neither arm answers by letter.
- `factors`: main effects and interactions of a factorial, else null. `splits`: of an A/A sweep, else null.
- `curves`, `probes`: loss, and accuracy on the dev split, while training.
- `cells`: finished; failed and missing with the reason, and of a failed one its stage, log and the log's end.
- `failures`: questions without an answer, and rejected annotation rows.
- `notes`, `provenance`, `settings`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from gemma_audio.analysis.heterogeneity import DRAWS
from gemma_audio.analysis.power import POWER
from gemma_audio.report.arms import Lined, arm_entry, ordered, right_counts
from gemma_audio.report.baselines import trivial_baselines
from gemma_audio.report.collect import Sweep
from gemma_audio.report.controls import by_run
from gemma_audio.report.cuts import cuts
from gemma_audio.report.design import effects, even_splits
from gemma_audio.report.learning import curves, probes, rates
from gemma_audio.report.pairs import SEED, Pair, bins_of, heterogeneity_entry, pair_entries, pairs, subcategory_pairs
from gemma_audio.report.provenance import provenance
from gemma_audio.report.rules import by_rule, names_nothing
from gemma_audio.report.scored import RULE, Scored, scored_arms
from gemma_audio.report.sensitivity import Controls, control_scores, sensitivity

SCHEMA = 2
DECLARED = ("name", "stamp", "command", "baseline", "treatment", "alpha", "decision", "select")
UNFINISHED = ("name", "reason", "stage", "log", "log_tail")


def compare_sweep(sweep: Sweep) -> dict[str, Any]:
    """The comparison of a sweep, from whatever cells have finished so far."""
    scored, mixed = scored_arms(sweep)
    usable, refused, left_out = pairs(sweep, scored)
    reference = _reference(sweep, scored)
    rules, (controls, partial) = by_rule(sweep.rows), _controls(sweep, scored)
    unparsed = names_nothing(sweep.rows)
    lined = {name: Lined(s, rules, unparsed, controls[name]) for name, s in scored.items()}
    entries, benchmark = pair_entries(usable, sweep.alpha), _benchmark(reference)
    factors, incomplete = effects(sweep, _alike(scored, reference))
    trained, unread = _training(sweep)
    return {
        "schema": SCHEMA,
        "sweep": {key: sweep.spec.get(key) for key in DECLARED} | {"alpha": sweep.alpha},
        "benchmark": benchmark,
        "arms": _arms(sweep, lined, mixed),
        "pairs": entries,
        "refused": refused,
        **_parts(reference, _alike(scored, reference), usable, sweep.alpha),
        "sensitivity": sensitivity(usable, entries, rules, controls, sweep.alpha),
        "factors": factors,
        "splits": even_splits(sweep, scored),
        **trained,
        "cells": _cells(sweep),
        "failures": _failures(sweep),
        "notes": [*sweep.notes, *mixed.values(), *left_out, *partial, *incomplete, *unread],
        "provenance": provenance(sweep, benchmark),
        "settings": _settings(sweep.alpha),
    }


def _arms(sweep: Sweep, lined: dict[str, Lined], mixed: dict[str, str]) -> dict[str, Any]:
    counts = right_counts(sweep)
    return {name: arm_entry(sweep, name, lined.get(name), counts, mixed.get(name, "")) for name in sweep.arms}


def _parts(reference: Scored | None, alike: dict[str, Scored], usable: list[Pair], alpha: float) -> dict[str, Any]:
    """What is told of parts of the reference's questions, and of what these are worth without listening."""
    return {
        "subcategories": _subcategories(reference, alike, usable, alpha),
        "cuts": cuts(reference, alike, usable, alpha) if reference else [],
        "heterogeneity": [heterogeneity_entry(pair) for pair in usable if 1 < len(pair.names) < len(pair.bins)],
        "baselines": trivial_baselines(reference.items) if reference else dict.fromkeys(("chance", "always_first", "longest")),
    }


def _alike(scored: dict[str, Scored], reference: Scored | None) -> dict[str, Scored]:
    """The arms that were asked the reference's questions."""
    return {name: s for name, s in scored.items() if reference and s.items.index.equals(reference.items.index)}


def _controls(sweep: Sweep, scored: dict[str, Scored]) -> tuple[Controls, list[str]]:
    found = by_run(sweep.controls)
    told = {
        name: control_scores(s, {run.run: found.get((name, run.run), {}) for run in sweep.runs if run.arm == name})
        for name, s in scored.items()
    }
    return {name: scores for name, (scores, _) in told.items()}, [note for _, notes in told.values() for note in notes]


def _training(sweep: Sweep) -> tuple[dict[str, Any], list[str]]:
    (losses, one), (probed, two) = curves(sweep), probes(sweep)
    differ = [note for arm in sweep.arms for note in rates(sweep, arm)[1]]
    return {"curves": losses, "probes": probed}, [*one, *two, *differ]


def _reference(sweep: Sweep, scored: dict[str, Scored]) -> Scored | None:
    """The arm whose questions the tables are about: the baseline's, else the treatment's, else the first that has any."""
    treatment, baseline = sweep.primary
    return next((scored[name] for name in (baseline, treatment, *sweep.arms) if name in scored), None)


def _benchmark(reference: Scored | None) -> dict[str, Any]:
    identity = reference.benchmark if reference else {}
    n = len(reference.items) if reference else 0
    return {**{key: identity.get(key) for key in ("name", "sha256", "revision")}, "n": n}


def _subcategories(reference: Scored | None, alike: dict[str, Scored], usable: list[Pair], alpha: float) -> list[dict[str, Any]]:
    if reference is None:
        return []
    tables = [subcategory_pairs(pair, alpha) for pair in usable]
    order = ordered("task", reference.items["task"].tolist())
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
