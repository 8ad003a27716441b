"""The page's further tables: cuts, sensitivity, controls, rates. Each is (header, rows) of text."""

from __future__ import annotations

from typing import Any

from gemma_audio.report.text import percent, points, pvalue, span

Table = tuple[list[str], list[list[str]]]
KINDS = {"domain": "By domain", "category": "By category", "difficulty": "By difficulty"}
RULES = {"official": "official", "stripped": "prefix stripped", "letter": "letter", "strict": "strict index"}


def cut_tables(comparison: dict[str, Any], shown: list[tuple[str, str]]) -> list[tuple[str, Table]]:
    """One titled table per kind of cut, with a row per part and pair of `shown`; empty where there are none."""
    titled = []
    for kind, title in KINDS.items():
        cuts = [cut for cut in comparison["cuts"] if cut["by"] == kind]
        rows = [_cut(cut, entry) for cut in cuts for entry in cut["pairs"] if _names(entry) in shown]
        header = [kind, "pair", "n", "treatment", "baseline", "difference (points)", "interval"]
        titled += [(title, ([*header, "p (Holm)"], rows))] if rows else []
    return titled


def sensitivity_table(comparison: dict[str, Any], shown: list[tuple[str, str]]) -> Table:
    """How each pair's difference comes out under other rules, option orders and wordings."""
    header = ["changed", "pair", "difference (points)", "interval", "p", "same conclusion"]
    rows = [
        [f"{entry['kind']}: {entry['name']}", _pair(entry), *_change(entry), "yes" if entry["agrees"] else "NO"]
        for entry in comparison["sensitivity"]
        if _names(entry) in shown
    ]
    return header, rows


def rule_table(comparison: dict[str, Any]) -> Table:
    """Accuracy of each arm by each scoring rule, and the share of answers that name no option."""
    arms = {name: arm for name, arm in comparison["arms"].items() if arm.get("rules")}
    found = [key for key in RULES if any(key in arm["rules"] for arm in arms.values())]
    rows = [
        [name, *(percent(arm["rules"].get(key)) for key in found), percent(arm.get("unparsed"))] for name, arm in arms.items()
    ]
    return ["arm", *(RULES[key] for key in found), "names no option"], rows


def control_table(comparison: dict[str, Any]) -> Table:
    """Accuracy of each arm as asked and under each control that was run."""
    arms = {name: arm for name, arm in comparison["arms"].items() if arm.get("controls")}
    found = list(dict.fromkeys(condition for arm in arms.values() for condition in arm["controls"]))
    rows = [[name, percent(arm["accuracy"]), *(percent(arm["controls"].get(key)) for key in found)] for name, arm in arms.items()]
    return ["arm", "as asked", *(key.replace("_", " ") for key in found)], rows


def rate_table(comparison: dict[str, Any]) -> Table:
    """Steps and learning rates of each arm's stages."""
    rows = [
        [name, stage, str(rate.get("steps", "-")), _rate(rate.get("lr")), _parts(rate.get("lr_by_part"))]
        for name, arm in comparison["arms"].items()
        for stage, rate in (arm.get("rates") or {}).items()
    ]
    return ["arm", "stage", "steps", "learning rate", "of single parts"], rows


def _cut(cut: dict[str, Any], entry: dict[str, Any]) -> list[str]:
    sides = [percent(cut["arms"].get(entry[side])) for side in ("treatment", "baseline")]
    change = _change(entry)[:2]
    corrected = entry.get("p_holm")
    return [cut["name"], _pair(entry), str(cut["n"]), *sides, *change, pvalue(entry["p"] if corrected is None else corrected)]


def _change(entry: dict[str, Any]) -> list[str]:
    return [points(entry["delta"]), span(entry["interval"]), pvalue(entry["p"])]


def _names(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["treatment"], entry["baseline"]


def _pair(entry: dict[str, Any]) -> str:
    return f"{entry['treatment']} - {entry['baseline']}"


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:g}"


def _parts(rates: dict[str, float] | None) -> str:
    return ", ".join(f"{part} {rate:g}" for part, rate in (rates or {}).items()) or "-"
