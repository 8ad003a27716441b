"""What a comparison says of one arm against another: gains, losses and what is undecided, by evidence alone."""

from __future__ import annotations

from typing import Any

from gemma_audio.report.verdict import claimed

OTHER = {"treatment": "baseline", "baseline": "treatment"}


def evidence(comparison: dict[str, Any], arm: str) -> list[dict[str, Any]]:
    """One entry per arm that `arm` is held against: the declared counterpart first, then every untrained arm."""
    return [against(comparison, arm, other) for other in _others(comparison, arm) if _overall(comparison, arm, other)]


def _others(comparison: dict[str, Any], arm: str) -> list[str]:
    sweep, arms = comparison["sweep"], comparison["arms"]
    declared = sweep["baseline"] if arm != sweep["baseline"] else sweep["treatment"]
    untrained = [name for name, entry in arms.items() if entry["trained"] is False]
    return [name for name in dict.fromkeys([declared, *untrained]) if name != arm and name in arms]


def against(comparison: dict[str, Any], arm: str, other: str) -> dict[str, Any]:
    """The overall entry seen from `arm`, and its subcategories as gains, losses, undecided and blind.

    A gain or loss is flagged by Holm, or by Benjamini-Hochberg at alpha, among the rows that Tarone's screen lets pass; a row
    that does not pass is blind: it could not have been flagged, whatever the direction of its differences.
    """
    alpha = comparison["settings"]["alpha"]
    entry = _overall(comparison, arm, other)
    assert entry is not None
    rows = [
        row | _seen(pair, arm) | {"flag": _flag(pair, alpha)} for row in _rows(comparison) if (pair := _pair(row, arm, other))
    ]
    decided = [row for row in rows if row["flag"]]
    reach = sorted(row["mde_flag"] for row in rows if row["testable"] and row["mde_flag"] is not None)
    return {
        "other": other,
        **_seen(entry, arm),
        **{key: entry[key] for key in ("scope", "p", "p_holm", "n", "note", "primary")},
        "runs": [entry["runs"][side] for side in _sides(entry, arm)],
        "claimed": claimed(entry, alpha),
        "rows": rows,
        "gains": [row for row in decided if row["delta"] > 0],
        "losses": [row for row in decided if row["delta"] < 0],
        "undecided": [row for row in rows if not row["flag"] and row["testable"]],
        "blind": [row for row in rows if not row["testable"]],
        "reach": [reach[0], reach[-1]] if reach else None,
        "unreachable": sum(row["testable"] and row["mde_flag"] is None for row in rows),
        "depends": _depends(comparison, arm, other),
    }


def _rows(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: row[key] for key in ("name", "domain", "n", "arms", "pairs")} for row in comparison["subcategories"]]


def _flag(pair: dict[str, Any], alpha: float) -> str:
    if not pair["testable"]:
        return ""
    return "Holm" if pair["holm"] else "Benjamini–Hochberg" if pair["q"] is not None and pair["q"] <= alpha else ""


def _seen(entry: dict[str, Any], arm: str) -> dict[str, Any]:
    """Difference and interval as `arm` minus the other, and what does not depend on the direction."""
    sign, interval = (1 if entry["treatment"] == arm else -1), entry["interval"]
    turned = None if interval is None else sorted(sign * end for end in interval)
    kept: dict[str, Any] = {key: entry[key] for key in ("testable", "q", "mde_raw", "mde_flag") if key in entry}
    return {"delta": sign * entry["delta"], "interval": turned, **kept}


def _sides(entry: dict[str, Any], arm: str) -> tuple[str, str]:
    side = "treatment" if entry["treatment"] == arm else "baseline"
    return side, OTHER[side]


def _overall(comparison: dict[str, Any], arm: str, other: str) -> dict[str, Any] | None:
    return next((e for e in comparison["pairs"] if e["decides"] and {e["treatment"], e["baseline"]} == {arm, other}), None)


def _pair(row: dict[str, Any], arm: str, other: str) -> dict[str, Any] | None:
    return next((e for e in row["pairs"] if {e["treatment"], e["baseline"]} == {arm, other}), None)


def _depends(comparison: dict[str, Any], arm: str, other: str) -> list[str]:
    """The scoring rules, option orders and wordings under which the outcome is another one."""
    entries = [e for e in comparison["sensitivity"] if {e["treatment"], e["baseline"]} == {arm, other}]
    return [f"{entry['kind']} {entry['name']}" for entry in entries if not entry["agrees"]]
