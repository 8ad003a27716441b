"""The decision about a pair of arms in one sentence, as numbers and plain words."""

from __future__ import annotations

from typing import Any

from gemma_audio.report.sensitivity import excludes_zero
from gemma_audio.report.text import points, pvalue


def primary_lines(comparison: dict[str, Any]) -> list[str]:
    """What is known of the declared pair, the decision first, or why there is nothing yet."""
    entries = [entry for entry in comparison["pairs"] if entry["primary"]]
    if not entries:
        return [_no_pair(comparison)]
    found = _found_where(comparison, entries[0])
    if entries[0]["scope"] == "recipe":
        models = f"these {sum(entries[1]['runs'].values())} models: {bounds(entries[1])}"
        return [f"{'; '.join([sentence(entries[0], comparison), models, *found])}."]
    why = entries[0]["note"].split(";")[0]
    return [f"recipe: not decided. {why[:1].upper()}{why[1:]}.", f"{'; '.join([sentence(entries[0], comparison), *found])}."]


def sentence(entry: dict[str, Any], comparison: dict[str, Any]) -> str:
    """A pair in one scope: difference, interval, runs, p, and what follows."""
    runs = f"{entry['runs']['treatment']} + {counted(entry['runs']['baseline'], 'run')}"
    shared = f" on {counted(entry['blocks'], 'shared stage')}" if entry.get("blocks") else ""
    asked = f"{runs}{shared}, {counted(entry['n'], 'question')}, "
    change = f"{entry['treatment']} - {entry['baseline']} = {points(entry['delta'])} points"
    return f"{entry['scope']}: {change}{_interval(entry)}, {asked}{_tested(entry)}: {_follows(entry, comparison)}"


def claimed(entry: dict[str, Any], alpha: float) -> bool:
    """Whether a pair's difference may be claimed: the interval excludes 0 and p, corrected where due, is at most alpha."""
    p = entry["p"] if entry["p_holm"] is None else entry["p_holm"]
    return excludes_zero(entry["interval"]) and p <= alpha


def bounds(entry: dict[str, Any]) -> str:
    """An interval in points, as in [2.1, 10.9]."""
    if entry["interval"] is None:
        return "no interval"
    low, high = (f"{100 * bound + 0.0:.1f}" for bound in entry["interval"])
    return f"[{low}, {high}]"


def equals(p: float) -> str:
    """A p-value as it stands behind the letter p."""
    text = pvalue(p)
    return text if text.startswith("<") else f"= {text}"


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _interval(entry: dict[str, Any]) -> str:
    return "" if entry["interval"] is None else f" {bounds(entry)}"


def _tested(entry: dict[str, Any]) -> str:
    return f"p {equals(entry['p'])}" + ("" if entry["p_holm"] is None else f", with Holm's correction {pvalue(entry['p_holm'])}")


def _follows(entry: dict[str, Any], comparison: dict[str, Any]) -> str:
    """The conclusion in words."""
    if claimed(entry, comparison["settings"]["alpha"]):
        return f"{entry['treatment']} is {'better' if entry['delta'] > 0 else 'worse'}"
    if entry["interval"] is None:
        return f"undecided, {entry['note'] or 'there is no interval'}"
    return "undecided, " + ("p is too large" if excludes_zero(entry["interval"]) else "the interval includes 0")


def _found_where(comparison: dict[str, Any], primary: dict[str, Any]) -> list[str]:
    """How many subcategories differ, how many could not have shown it, and how much the others would have needed."""
    rows = [row["pairs"][0] for row in comparison["subcategories"] if row["pairs"]]
    if not rows:
        return []
    flagged, blind = sum(row["holm"] for row in rows), sum(not row["testable"] for row in rows)
    told = [f"of {len(rows)} subcategories {flagged} differ{'s' * (flagged == 1)} after correction"]
    told += [f"{blind} could not have been flagged whatever the direction of their differences"] if blind else []
    return [", ".join([*told, *_needed([row for row in rows if row["testable"] and not row["holm"]])])]


def _needed(quiet: list[dict[str, Any]]) -> list[str]:
    reach = [row["mde_flag"] for row in quiet if row["mde_flag"] is not None]
    if not reach:
        return [f"{len(quiet)} would hardly have been flagged at any change"] if quiet else []
    return [f"{len(quiet)} would hardly have been flagged below {100 * min(reach):.0f} points"]


def _no_pair(comparison: dict[str, Any]) -> str:
    treatment, baseline = comparison["sweep"]["treatment"], comparison["sweep"]["baseline"]
    if treatment == baseline:
        return f"No pair is compared: the sweep has one arm, {treatment}."
    for refused in comparison["refused"]:
        if (refused["treatment"], refused["baseline"]) == (treatment, baseline):
            return f"No verdict: {treatment} and {baseline} were {refused['reason']}."
    without = [arm for arm in (treatment, baseline) if comparison["arms"].get(arm, {}).get("accuracy") is None]
    notes = [comparison["arms"][arm]["note"] for arm in without if comparison["arms"].get(arm, {}).get("note")]
    if notes:
        return f"No verdict: {'; '.join(notes)}."
    return f"No verdict yet on {treatment} against {baseline}: no finished run of {' or '.join(without) or 'another arm'}."
