"""What a comparison found, as the Markdown table of an experiment's README."""

from __future__ import annotations

from typing import Any

from gemma_audio.report.text import pvalue

FEW = 5
"""Arms up to which subcategories are rows and arms are columns; beyond it each arm is a row."""


def table(comparison: dict[str, Any]) -> str:
    """Subcategories by arms where there are few arms, else arms; then a factorial's effects and an A/A sweep's splits.

    Accuracy in %, with the range over runs; differences in points, with the interval in the deciding scope.
    """
    pairs = [pair for pair in comparison["pairs"] if pair["decides"]]
    primary = next((pair for pair in pairs if pair["primary"]), None)
    parts = [_by_subcategory(comparison, primary) if primary and len(comparison["arms"]) <= FEW else _by_arm(comparison, pairs)]
    parts += [_effects(comparison["factors"])] if comparison.get("factors") else []
    parts += [_splits(comparison["splits"])] if comparison.get("splits") else []
    return "\n".join(parts)


def difference(pair: dict[str, Any]) -> str:
    """A difference in points, with its interval where there is one (none where no item and no run differs)."""
    interval = "".join(f"{100 * bound:+.1f}, " for bound in pair["interval"] or ()).rstrip(", ")
    return f"{100 * pair['delta']:+.1f} [{interval or '–'}]"


def _by_subcategory(comparison: dict[str, Any], primary: dict[str, Any]) -> str:
    arms = comparison["arms"]
    head = ["", "n", *arms, f"{primary['treatment']} − {primary['baseline']} ({primary['scope']}, 95 %)"]
    lines = [["**all**", str(comparison["benchmark"]["n"]), *map(_overall, arms.values()), difference(primary)]]
    for row in comparison["subcategories"]:
        pair = next(p for p in row["pairs"] if _same(p, primary))
        lines.append([row["name"], str(row["n"]), *(f"{100 * row['arms'][arm]:.1f}" for arm in arms), difference(pair)])
    return _markdown(head, lines)


def _by_arm(comparison: dict[str, Any], pairs: list[dict[str, Any]]) -> str:
    """One row an arm: accuracy overall and by domain, and its difference from the declared baseline."""
    arms, baseline = comparison["arms"], comparison["sweep"]["baseline"]
    domains = list(next(iter(arms.values()))["domains"])
    head = ["", "runs", "all", *domains, *([f"− {baseline} (95 %)"] if len(arms) > 1 else [])]
    lines = []
    for name, arm in arms.items():
        accuracies = [f"{100 * arm['domains'][domain]['accuracy']:.1f}" for domain in domains]
        against = [_against(name, baseline, pairs)] if len(arms) > 1 else []
        lines.append([name, str(arm["runs"]), _overall(arm), *accuracies, *against])
    return _markdown(head, lines)


def _against(arm: str, baseline: str, pairs: list[dict[str, Any]]) -> str:
    for pair in pairs:
        if (pair["treatment"], pair["baseline"]) == (arm, baseline):
            return difference(pair)
        if (pair["treatment"], pair["baseline"]) == (baseline, arm):
            turned = [-bound for bound in reversed(pair["interval"] or [])]
            return difference({"delta": -pair["delta"], "interval": turned})
    return ""


def _effects(factors: list[dict[str, Any]]) -> str:
    head = ["effect", "of … against …", "difference (95 %)", "p", "p (Holm)"]
    lines = []
    for effect in factors:
        against = "; ".join(f"{second} − {first}" for first, second in effect["levels"])
        name = " × ".join(effect["factors"])
        lines.append([name, against, difference(effect), pvalue(effect["p"]), pvalue(effect["p_holm"])])
    return _markdown(head, lines)


def _splits(splits: dict[str, Any]) -> str:
    head = ["splits", "each", "claimed, recipe scope", "claimed, items only", "largest difference"]
    row = [str(splits["splits"]), f"{splits['size']} against {splits['size']} of {splits['runs']} runs"]
    row += [f"{100 * splits['recipe']:.1f} %", f"{100 * splits['these_runs']:.1f} %", f"{100 * splits['largest']:.1f} points"]
    return _markdown(head, [row])


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, ["---"] * len(head), *rows])


def _same(pair: dict[str, Any], primary: dict[str, Any]) -> bool:
    return all(pair[key] == primary[key] for key in ("treatment", "baseline", "scope"))


def _overall(arm: dict[str, Any]) -> str:
    runs = [100 * run["accuracy"] for run in arm["per_run"]]
    spread = f" ({min(runs):.1f}–{max(runs):.1f})" if len(runs) > 1 else ""
    return f"{100 * arm['accuracy']:.1f}{spread}"
