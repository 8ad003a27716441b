"""What the comparison says, in plain words and no more than it carries."""

from __future__ import annotations

from typing import Any

from gemma_audio.report.text import percent, plain, points, pvalue, span

TRIVIAL = {"chance": "guessing", "always_first": "always taking the first option", "longest": "always taking the longest option"}


def verdict(comparison: dict[str, Any]) -> list[str]:
    """Sentences, the decision about the primary pair first."""
    return [
        *primary_lines(comparison),
        *_unfinished(comparison),
        *_subcategories(comparison),
        *_other_pairs(comparison),
        *_trivial(comparison),
        *_failures(comparison),
    ]


def claimed(entry: dict[str, Any], alpha: float) -> bool:
    """Whether a pair's difference may be claimed: the interval excludes 0 and p, corrected where due, is at most alpha."""
    p = entry["p"] if entry["p_holm"] is None else entry["p_holm"]
    return entry["interval"] is not None and not entry["interval"][0] <= 0 <= entry["interval"][1] and p <= alpha


def primary_lines(comparison: dict[str, Any]) -> list[str]:
    """One sentence per scope of the primary pair, or why there is none yet."""
    entries = [entry for entry in comparison["pairs"] if entry["primary"]]
    if not entries:
        return [_no_pair(comparison)]
    lines = [_sentence(entry, comparison["settings"]) for entry in entries]
    if entries[0]["scope"] != "recipe":
        lines.insert(0, f"recipe: not decided. {_capital(entries[0]['note'].split(';')[0])}.")
    return lines


def _no_pair(comparison: dict[str, Any]) -> str:
    treatment, baseline = comparison["sweep"]["treatment"], comparison["sweep"]["baseline"]
    for refused in comparison["refused"]:
        if (refused["treatment"], refused["baseline"]) == (treatment, baseline):
            return f"No verdict: {treatment} and {baseline} were {refused['reason']}."
    without = [arm for arm in (treatment, baseline) if comparison["arms"].get(arm, {}).get("accuracy") is None]
    notes = [comparison["arms"][arm]["note"] for arm in without if comparison["arms"].get(arm, {}).get("note")]
    if notes:
        return f"No verdict: {'; '.join(notes)}."
    return f"No verdict yet on {treatment} against {baseline}: no finished run of {' or '.join(without) or 'another arm'}."


def _sentence(entry: dict[str, Any], settings: dict[str, Any]) -> str:
    treatment, baseline, delta = entry["treatment"], entry["baseline"], entry["delta"]
    runs = f"{_count(entry['runs']['treatment'], 'run')} against {entry['runs']['baseline']}, {_count(entry['n'], 'question')}"
    p = f"p {_equals(entry['p'])}" + ("" if entry["p_holm"] is None else f", with Holm's correction {pvalue(entry['p_holm'])}")
    confidence = f"{100 * settings['confidence']:g} %"
    if claimed(entry, settings["alpha"]):
        what = f"{treatment} is {'better' if delta > 0 else 'worse'} than {baseline} by {points(abs(delta))[1:]} points"
        return f"{entry['scope']}: {what} ({confidence} interval {span(entry['interval'])}, {p}; {runs})."
    what = f"{treatment} - {baseline} is {points(delta)} points, {_why(entry, confidence)}"
    return f"{entry['scope']}: undecided. {what} ({p}; {runs})."


def _why(entry: dict[str, Any], confidence: str) -> str:
    if entry["interval"] is None:
        return entry["note"] or "without an interval"
    inside = entry["interval"][0] <= 0 <= entry["interval"][1]
    return f"with a {confidence} interval of {span(entry['interval'])}, " + (
        "which includes 0" if inside else "but p is too large"
    )


def _unfinished(comparison: dict[str, Any]) -> list[str]:
    cells = comparison["cells"]
    failed, missing = len(cells["failed"]), len(cells["missing"])
    if not failed + missing:
        return []
    total = failed + missing + len(cells["finished"])
    return [f"This rests on {len(cells['finished'])} of {_count(total, 'cell')}: {failed} failed, {missing} missing."]


def _other_pairs(comparison: dict[str, Any]) -> list[str]:
    settings = comparison["settings"]
    return [_sentence(entry, settings) for entry in comparison["pairs"] if entry["decides"] and not entry["primary"]]


def _subcategories(comparison: dict[str, Any]) -> list[str]:
    primary = next((entry for entry in comparison["pairs"] if entry["primary"]), None)
    if primary is None:
        return []
    rows = [(row["name"], row["pairs"][0]) for row in comparison["subcategories"]]
    flagged = [f"{plain(name, 60)} {points(entry['delta'])}" for name, entry in rows if entry["holm"]]
    blind = sum(not entry["testable"] for _, entry in rows)
    tested = [entry for _, entry in rows if entry["testable"]]
    pair = f"{primary['treatment']} - {primary['baseline']} by subcategory ({primary['scope']})"
    lines = [f"{pair}: {len(flagged)} of {len(rows)} flagged" + _listed(flagged)]
    lines.append(f"{blind} of {len(rows)} subcategories could not have been flagged whatever the direction of their differences.")
    return [*lines, *_power(tested), *_heterogeneity(comparison)]


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


def _listed(flagged: list[str]) -> str:
    return f": {'; '.join(flagged)} points." if flagged else "."


def _heterogeneity(comparison: dict[str, Any]) -> list[str]:
    treatment, baseline = comparison["sweep"]["treatment"], comparison["sweep"]["baseline"]
    for entry in comparison["heterogeneity"]:
        if (entry["treatment"], entry["baseline"]) == (treatment, baseline):
            differs = entry["p"] <= comparison["settings"]["alpha"]
            answer = "the change differs between subcategories" if differs else "no evidence that the change differs between them"
            return [f"These runs: {answer} (sign-flip test, p {_equals(entry['p'])})."]
    return []


def _trivial(comparison: dict[str, Any]) -> list[str]:
    scores = {name: value for name, value in comparison["baselines"].items() if value is not None}
    if not scores:
        return []
    best = max(scores, key=lambda name: scores[name])
    known = {name: arm["accuracy"] for name, arm in comparison["arms"].items() if arm["accuracy"] is not None}
    weak = [f"{name} ({percent(accuracy)})" for name, accuracy in known.items() if accuracy <= scores[best]]
    return [f"No better than {TRIVIAL[best]} ({percent(scores[best])}): {', '.join(weak)}."] if weak else []


def _failures(comparison: dict[str, Any]) -> list[str]:
    items = len({entry["id"] for entry in comparison["failures"]["items"]})
    rejected = len(comparison["failures"]["rejected"])
    lines = (
        [f"{_count(items, 'question')} could not be put to a model and count as wrong; they are listed below."] if items else []
    )
    if rejected:
        lines.append(f"{_count(rejected, 'annotation row')} rejected and not scored; listed below.")
    return lines


def _equals(p: float) -> str:
    text = pvalue(p)
    return text if text.startswith("<") else f"= {text}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
