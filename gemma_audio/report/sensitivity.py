"""Does a verdict hang on the scoring rule, on the order of the options, or on the wording of the prompt?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np

from gemma_audio.analysis.arm import Floats, over_orders
from gemma_audio.analysis.pair import compare
from gemma_audio.report.controls import ORDER, WORDING
from gemma_audio.report.pairs import Pair
from gemma_audio.report.rules import LABELS
from gemma_audio.report.scored import Scored

Kind = Literal["rule", "order", "wording"]
MEAN = "mean over orders"


class Variant(NamedTuple):
    """Both arms' scores (runs, items) when the same answers are read, or the same questions asked, in another way."""

    kind: Kind
    name: str
    treatment: Floats
    baseline: Floats


Controls = dict[str, dict[str, Floats]]
"""Per arm and condition the scores (runs, items)."""


def sensitivity(
    pairs: list[Pair], entries: list[dict[str, Any]], rules: dict[str, Floats], controls: Controls, alpha: float
) -> list[dict[str, Any]]:
    """Each pair's difference by every other rule, order and wording that was recorded, in the pair's deciding scope.

    `agrees` is whether its sign and whether its interval excludes 0 are those of the pair's deciding entry.
    """
    deciding = {(entry["treatment"], entry["baseline"]): entry for entry in entries if entry["decides"]}
    return [
        _entry(pair, variant, deciding[(pair.label["treatment"], pair.label["baseline"])], alpha)
        for pair in pairs
        for variant in (*_rules(pair, rules), *_orders(pair, controls), *_wordings(pair, controls))
    ]


def excludes_zero(interval: tuple[float, float] | list[float] | None) -> bool:
    """Whether an interval lies on one side of zero; none, where there is none."""
    return interval is not None and not interval[0] <= 0 <= interval[1]


def _entry(pair: Pair, variant: Variant, deciding: dict[str, Any], alpha: float) -> dict[str, Any]:
    treatment = replace(pair.treatment.arm, scores=variant.treatment)
    baseline = replace(pair.baseline.arm, scores=variant.baseline)
    found = compare(treatment, baseline, deciding["scope"], alpha=alpha).contrast
    agrees = _conclusion(found.delta, found.interval) == _conclusion(deciding["delta"], deciding["interval"])
    numbers = {"delta": found.delta, "interval": found.interval, "p": found.p, "agrees": agrees}
    return {**pair.label, "kind": variant.kind, "name": variant.name, "scope": found.scope, **numbers}


def _conclusion(delta: float, interval: tuple[float, float] | None) -> tuple[int, bool]:
    return int(np.sign(round(delta, 12))), excludes_zero(interval)


def _rules(pair: Pair, rules: dict[str, Floats]) -> list[Variant]:
    others = [name for name in LABELS if name != "official"]
    read = [Variant("rule", name, pair.treatment.matrix(rules[name]), pair.baseline.matrix(rules[name])) for name in others]
    return [variant for variant in read if variant.name != "letter" or _lettered(pair, variant)]


def _lettered(pair: Pair, variant: Variant) -> bool:
    """Whether either arm answers by letter: answers in words have none to read, and a reading by letter says nothing of them."""
    sides = ((variant.treatment, pair.treatment.strict), (variant.baseline, pair.baseline.strict))
    return any(letters.any() and 2 * letters.mean() >= strict.scores.mean() for letters, strict in sides)


def _orders(pair: Pair, controls: Controls) -> list[Variant]:
    """The mean over all orders, taken within each run's item first, then each other order alone."""
    single = _shared(pair, controls, "order", ORDER)
    if not single:
        return []
    mean = [
        over_orders(np.stack([side.arm.scores, *(getattr(variant, name) for variant in single)], axis=1))
        for side, name in ((pair.treatment, "treatment"), (pair.baseline, "baseline"))
    ]
    return [Variant("order", MEAN, *mean), *single]


def _wordings(pair: Pair, controls: Controls) -> list[Variant]:
    return [v._replace(name=v.name.removeprefix(WORDING)) for v in _shared(pair, controls, "wording", WORDING)]


def _shared(pair: Pair, controls: Controls, kind: Kind, prefix: str) -> list[Variant]:
    one, two = (controls.get(name, {}) for name in pair.label.values())
    return [Variant(kind, name, one[name], two[name]) for name in one if name in two and name.startswith(prefix)]


def control_scores(scored: Scored, found: dict[str, dict[str, Floats]]) -> tuple[dict[str, Floats], list[str]]:
    """The conditions that every run of the arm answered, as (runs, items), and a remark on those that only some did.

    `found` holds, per run, the scores (items,) by condition, items in the order of their ids.
    """
    names = list(dict.fromkeys(name for run in found.values() for name in run))
    whole = [name for name in names if len(found) == scored.arm.runs and all(name in run for run in found.values())]
    partial = [name for name in names if name not in whole]
    notes = [f"{scored.arm.name}: only some runs answered {', '.join(partial)}, which is left out."] if partial else []
    return {name: np.stack([run[name] for run in found.values()]) for name in whole}, notes
