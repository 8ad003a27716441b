"""What the comparison says, in plain words and no more than it carries."""

from __future__ import annotations

from typing import Any

from gemma_audio.report.headline import bounds, claimed, counted, equals, primary_lines, sentence
from gemma_audio.report.remarks import confidence, controls, depends, design, rates, unparsed
from gemma_audio.report.text import percent, plain, points

TRIVIAL = {"chance": "guessing", "always_first": "always taking the first option", "longest": "always taking the longest option"}
LISTED = 12

__all__ = ["claimed", "primary_lines", "verdict"]


def verdict(comparison: dict[str, Any]) -> list[str]:
    """Sentences, the decision about the primary pair first."""
    return [
        *primary_lines(comparison),
        *rates(comparison),
        *depends(comparison),
        *_unfinished(comparison),
        *_subcategories(comparison),
        *design(comparison),
        *_other_pairs(comparison),
        *controls(comparison),
        *_trivial(comparison),
        *unparsed(comparison),
        *_failures(comparison),
        *confidence(comparison),
    ]


def _unfinished(comparison: dict[str, Any]) -> list[str]:
    cells = comparison["cells"]
    failed, missing = len(cells["failed"]), len(cells["missing"])
    if not failed + missing:
        return []
    total = failed + missing + len(cells["finished"])
    return [f"This rests on {len(cells['finished'])} of {counted(total, 'cell')}: {failed} failed, {missing} missing."]


def _other_pairs(comparison: dict[str, Any]) -> list[str]:
    """The other pairs one by one, or, where they are many, how many differ and the largest differences."""
    others = [entry for entry in comparison["pairs"] if entry["decides"] and not entry["primary"]]
    if len(others) <= LISTED:
        return [f"{sentence(entry, comparison)}." for entry in others]
    differ = [entry for entry in others if claimed(entry, comparison["settings"]["alpha"])]
    shown = sorted(differ, key=lambda entry: -abs(entry["delta"]))[:LISTED]
    named = "; ".join(f"{e['treatment']} - {e['baseline']} {points(e['delta'])} {bounds(e)}" for e in shown)
    largest = f" The largest, in points: {named}." if shown else ""
    return [f"Of {len(others)} other pairs {len(differ)} differ after Holm's correction.{largest}"]


def _subcategories(comparison: dict[str, Any]) -> list[str]:
    primary = next((entry for entry in comparison["pairs"] if entry["primary"]), None)
    if primary is None:
        return []
    rows = [(row["name"], row["pairs"][0]) for row in comparison["subcategories"]]
    flagged = [f"{plain(name, 60)} {points(entry['delta'])} {bounds(entry)}" for name, entry in rows if entry["holm"]]
    tested = [entry for _, entry in rows if entry["testable"]]
    pair = f"{primary['treatment']} - {primary['baseline']} differs after correction ({primary['scope']}) in"
    listed = [f"{pair}: {'; '.join(flagged)} points."] if flagged else []
    return [*listed, *_power(tested), *_heterogeneity(comparison)]


def _power(tested: list[dict[str, Any]]) -> list[str]:
    """The smallest changes that the tested subcategories would be flagged for."""
    reach = sorted(entry["mde_flag"] for entry in tested if entry["mde_flag"] is not None)
    lines, beyond = [], len(tested) - len(reach)
    if reach:
        size = " to ".join(dict.fromkeys(f"{100 * end:.0f}" for end in (reach[0], reach[-1])))
        what = "the smallest true change that would be flagged with 80 % power is about"
        lines.append(f"In the {_tested(len(reach))} {what} {size} points.")
    if beyond:
        lines.append(f"In {_tested(beyond)} not even the largest change would be flagged with 80 % power.")
    return lines


def _tested(number: int) -> str:
    return f"{number} tested subcategor{'y' if number == 1 else 'ies'}"


def _heterogeneity(comparison: dict[str, Any]) -> list[str]:
    treatment, baseline = comparison["sweep"]["treatment"], comparison["sweep"]["baseline"]
    for entry in comparison["heterogeneity"]:
        if (entry["treatment"], entry["baseline"]) == (treatment, baseline):
            differs = entry["p"] <= comparison["settings"]["alpha"]
            answer = "the change differs between subcategories" if differs else "no evidence that the change differs between them"
            return [f"These runs: {answer} (sign-flip test, p {equals(entry['p'])})."]
    return []


def _trivial(comparison: dict[str, Any]) -> list[str]:
    scores = {name: value for name, value in comparison["baselines"].items() if value is not None}
    if not scores:
        return []
    best = max(scores, key=lambda name: scores[name])
    known = {name: arm["accuracy"] for name, arm in comparison["arms"].items() if arm["accuracy"] is not None}
    weak = [f"{name} ({percent(accuracy)})" for name, accuracy in known.items() if accuracy <= scores[best]]
    more = f" and {len(weak) - LISTED} more" if len(weak) > LISTED else ""
    return [f"No better than {TRIVIAL[best]} ({percent(scores[best])}): {', '.join(weak[:LISTED])}{more}."] if weak else []


def _failures(comparison: dict[str, Any]) -> list[str]:
    items = len({entry["id"] for entry in comparison["failures"]["items"]})
    rejected = len(comparison["failures"]["rejected"])
    lines = (
        [f"{counted(items, 'question')} could not be put to a model and count as wrong; they are listed below."] if items else []
    )
    if rejected:
        lines.append(f"{counted(rejected, 'annotation row')} rejected and not scored; listed below.")
    return lines
