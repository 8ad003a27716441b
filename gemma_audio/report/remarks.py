"""What else belongs beside a verdict: learning rates, what it depends on, controls, the sweep's own design."""

from __future__ import annotations

from typing import Any

from gemma_audio.report.controls import MEANING
from gemma_audio.report.headline import bounds, counted, equals
from gemma_audio.report.rules import LABELS
from gemma_audio.report.sensitivity import excludes_zero
from gemma_audio.report.text import percent, plain, points

SHOWN = 8  # arms that a sentence can name
SUBJECTS = {"order": "option order", "wording": "prompt wording", "rule": "scoring rule"}


def rates(comparison: dict[str, Any]) -> list[str]:
    """The learning rates of each arm's stages, and which checkpoint was compared where that is not the last."""
    told = [f"{name}: {', '.join(map(_stage, arm['rates'].items()))}" for name, arm in _named(comparison) if arm["rates"]]
    lines = [f"Rates: {'; '.join(told)}."] if told else []
    if comparison["sweep"].get("select") == "best":
        lines.append("Each stage was compared at its best step on the dev split, not at its last.")
    return lines


def depends(comparison: dict[str, Any]) -> list[str]:
    """What the declared pair's conclusion depends on, and what was varied without changing it."""
    primary = next((entry for entry in comparison["pairs"] if entry["primary"]), None)
    sides = (primary["treatment"], primary["baseline"]) if primary else ()
    varied = [entry for entry in comparison["sensitivity"] if (entry["treatment"], entry["baseline"]) == sides]
    if primary is None or not varied:
        return []
    lines = [line for kind in SUBJECTS for line in _kind(kind, [e for e in varied if e["kind"] == kind], primary)]
    same = [f"{SUBJECTS[kind]} ({n} tried)" for kind in SUBJECTS if (n := _unanimous(varied, kind))]
    return [*lines, *([f"The same conclusion whatever the {' and the '.join(same)}."] if same else [])]


def controls(comparison: dict[str, Any]) -> list[str]:
    """What the arms score without what makes the questions answerable."""
    lines = []
    for condition, what in MEANING.items():
        scores = [(name, arm["controls"][condition]) for name, arm in _named(comparison) if condition in arm["controls"]]
        if scores:
            lines.append(f"{what[:1].upper()}{what[1:]}: {_scores(scores)}.")
    return lines


def unparsed(comparison: dict[str, Any]) -> list[str]:
    """The share of answers that name no option."""
    scores = [(name, arm["unparsed"]) for name, arm in _named(comparison) if arm["unparsed"] is not None]
    return [f"Answers that name no option: {_scores(scores)}."] if any(share for _, share in scores) else []


def design(comparison: dict[str, Any]) -> list[str]:
    """Effects of a factorial, and what splits of one recipe's runs would have claimed."""
    return [*_factors(comparison["factors"] or [], comparison["settings"]["alpha"]), *_splits(comparison["splits"])]


def confidence(comparison: dict[str, Any]) -> list[str]:
    """What the brackets are."""
    alike = "Intervals in brackets, in points, have a confidence of"
    return [f"{alike} {100 * comparison['settings']['confidence']:g} %."] if comparison["pairs"] else []


def rate(value: float | None) -> str:
    """A learning rate as in 2e-3."""
    if not value:
        return "unknown" if value is None else "0"
    if abs(value) >= 0.1:
        return f"{value:g}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _named(comparison: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The arms that a sentence names: all of a few, else the declared pair."""
    arms, declared = comparison["arms"], (comparison["sweep"]["baseline"], comparison["sweep"]["treatment"])
    return [(name, arm) for name, arm in arms.items() if len(arms) <= SHOWN or name in declared]


def _stage(item: tuple[str, dict[str, Any]]) -> str:
    name, told = item
    parts = ", ".join(f"{plain(part, 40)} {rate(value)}" for part, value in told["lr_by_part"].items())
    return f"{plain(name, 40)} {rate(told['lr'])}" + (f" ({parts})" if parts else "")


def _scores(scores: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {percent(score)}" for name, score in scores)


def _kind(kind: str, varied: list[dict[str, Any]], primary: dict[str, Any]) -> list[str]:
    """One sentence where another conclusion is reached, one where an undecided difference only changes its sign."""
    moved = [entry for entry in varied if not entry["agrees"]]
    decided = [e for e in moved if excludes_zero(e["interval"]) or excludes_zero(primary["interval"])]
    lines = [f"The verdict depends on the {SUBJECTS[kind]}: {_values(decided)}."] if decided else []
    turned = [entry for entry in moved if entry not in decided]
    return [
        *lines,
        *([f"Undecided either way, the sign changes with the {SUBJECTS[kind]}: {_values(turned)}."] if turned else []),
    ]


def _values(entries: list[dict[str, Any]]) -> str:
    named = [f"{plain(LABELS.get(e['name'], e['name']), 40)} {points(e['delta'])} {bounds(e)}" for e in entries]
    return "; ".join(named)


def _unanimous(varied: list[dict[str, Any]], kind: str) -> int:
    """How many variants of this kind there are, if all agree."""
    of_kind = [entry for entry in varied if entry["kind"] == kind]
    return len(of_kind) if all(entry["agrees"] for entry in of_kind) else 0


def _factors(effects: list[dict[str, Any]], alpha: float) -> list[str]:
    lines = [f"{_effect(effect)}." for effect in effects if effect["kind"] == "main effect"]
    both = [effect for effect in effects if effect["kind"] == "interaction"]
    differ = [_effect(effect) for effect in both if effect["p_holm"] <= alpha]
    if both:
        many, verb = counted(len(both), "two-way interaction"), "differs" if len(differ) == 1 else "differ"
        lines.append(f"Of {many} {len(differ)} {verb} from 0 after correction" + _list(differ))
    return lines


def _effect(effect: dict[str, Any]) -> str:
    if effect["kind"] == "main effect":
        (first, second), name = effect["levels"][0], effect["factors"][0]
        what = f"{plain(name, 40)}, {plain(second, 40)} - {plain(first, 40)}"
    else:
        what = " x ".join(plain(name, 40) for name in effect["factors"])
    numbers = f"{points(effect['delta'])} points {bounds(effect)}, p {equals(effect['p'])}, with Holm's correction "
    return f"{what} ({effect['scope']}): {numbers}{equals(effect['p_holm']).removeprefix('= ')}"


def _list(told: list[str]) -> str:
    return f": {'; '.join(told)}." if told else "."


def _splits(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    sides = f"{found['size']} against {found['size']}"
    drawn = "all" if found["splits"] == found["possible"] else f"{found['splits']:,} of"
    many = f"{drawn} {found['possible']:,} splits of its {found['runs']} runs, {sides}"
    shares = f"the recipe scope would call {percent(found['recipe'])} different, items alone {percent(found['these_runs'])}"
    largest = f"the largest difference is {points(found['largest'])[1:]} points"
    return [f"{found['arm']} against itself: over {many}, {shares}; {largest}. The splits overlap: dependent draws from one set."]
