"""The audit of a published table as text: findings in sentences, and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gemma_audio.report.text import markdown_cell, percent, points, pvalue, span

CORRECTED = "mid-p at alpha / bins"
UNCORRECTED = "mid-p at alpha"


def markdown(audit: dict[str, Any]) -> str:
    """audit.md."""
    parts = [f"# Audit of {markdown_cell(audit['published']['source']['title'])}", findings(audit)]
    parts += ["## Rows, at the bin sizes that fit", row_table(audit), "## Names", _spelling_table(audit)]
    parts += ["## Revisions of the benchmark", _revision_table(audit)]
    parts += ["## What a paired test needs", _overall_table(audit), _bin_table(audit)]
    parts += ["## Tables in which no bin differs from another", _noise_table(audit)]
    return "\n\n".join(parts) + "\n"


def findings(audit: dict[str, Any]) -> str:
    """What was found, in plain sentences, as a Markdown list."""
    environment = Environment(
        loader=PackageLoader("gemma_audio.report"), autoescape=False, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"signed": signed, "percent": percent, "p": pvalue}
    return environment.get_template("published_findings.md.j2").render(**_view(audit)).strip()


def main_finding(audit: dict[str, Any]) -> str:
    """The finding in one sentence, for the project's front page."""
    overall, rows = audit["overall"], audit["rows"]
    gain, could, impossible = overall["gain"], len(_reaching(rows, CORRECTED)), len(audit["revisions"][0]["impossible"])
    return (
        f"its {points(gain / overall['n'])} points are {gain} questions, {_largest(rows)['gain']} of them in one subcategory; "
        f"{impossible} of its {len(rows)} rows are impossible on MMAU's current file; and whatever the answers were, "
        f"only {could} of them could be significant after correction, and no regression at all"
    )


def signed(value: float, decimals: int = 0) -> str:
    """A difference with its sign."""
    return f"{value:+.{decimals}f}"


def _view(audit: dict[str, Any]) -> dict[str, Any]:
    """The audit under the names that the template uses."""
    rows, overall = audit["rows"], audit["overall"]
    most = overall["most_discordant"]
    losses = [{**row, "least": row["least_p"]["mid-p"]} for row in rows if row["gain"] < 0]
    return {
        "audit": audit,
        "treatment": audit["published"]["treatment"],
        "newest": audit["revisions"][0],
        "fitting": [revision for revision in audit["revisions"] if not revision["impossible"]],
        "others": [revision for revision in audit["revisions"] if revision["impossible"]],
        "rows": rows,
        "overall": overall,
        "largest": _largest(rows),
        "single": sum(abs(row["gain"]) == 1 for row in rows),
        "few": sum(abs(row["gain"]) <= 3 for row in rows),
        "rest": audit["rest"],
        "exact": most["exact"],
        "mid": most["mid-p"],
        "holm": next(level for level in most["exact"] if "/" in level),
        "wins": audit["evidence"]["least_wins"],
        "able": _reaching(rows, UNCORRECTED),
        "corrected": _reaching(rows, CORRECTED),
        "regressions": losses,
        "noise": audit["noise"],
        "null": _simulated(audit, 0.0),
        "uniform": _simulated(audit, overall["gain"] / overall["n"]),
        "said": audit["contradictions"],
    }


def _reaching(rows: Sequence[dict[str, Any]], level: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["most_discordant"][level] is not None]


def _largest(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = max(rows, key=lambda row: row["gain"])
    return found


def _simulated(audit: dict[str, Any], effect: float) -> dict[str, Any]:
    """The simulation in which a quarter of the answers differ."""
    found: dict[str, Any] = next(
        entry for entry in audit["noise"]["simulated"] if entry["effect"] == effect and entry["discordance"] == 0.25
    )
    return found


def row_table(audit: dict[str, Any]) -> str:
    """One line per printed row: counts, difference in questions and points, and what a paired test would need."""
    head = ["subcategory", "n", "base", audit["published"]["treatment"], "questions", "points", "least p (mid-p)"]
    head += ["p ≤ .05 if at most … differ", f"p ≤ .05 / {audit['evidence']['bins']} if at most … differ"]
    lines = []
    for row in audit["rows"]:
        cells = [row["bin"], row["n"], row["base"], row["treatment"], signed(row["gain"]), signed(row["points"], 1)]
        limits = [row["most_discordant"][level] for level in (UNCORRECTED, CORRECTED)]
        lines.append([*cells, pvalue(row["least_p"]["mid-p"]), *("never" if limit is None else limit for limit in limits)])
    return _table(head, lines)


def _spelling_table(audit: dict[str, Any]) -> str:
    return _table(["printed", "the benchmark's"], [[e["printed"], e["bin"]] for e in audit["contradictions"]["spelling"]])


def _revision_table(audit: dict[str, Any]) -> str:
    lines = []
    for revision in audit["revisions"]:
        which = "; ".join(f"{row['name']} (n = {row['n']})" for row in revision["impossible"]) or "none"
        lines.append([revision["label"], len(revision["impossible"]), which, revision["gold_not_among_choices"]])
    return _table(["revision", "impossible rows", "which", "answers not among the choices"], lines)


def _overall_table(audit: dict[str, Any]) -> str:
    lines = [
        [r["discordant"], pvalue(r["p"]["exact"]), pvalue(r["p"]["mid-p"]), span(r["interval"]), f"{r['correlation']:.2f}"]
        for r in audit["overall"]["if_discordant"]
    ]
    return _table(["answers that differ", "exact p", "mid-p", "Newcombe's interval, points", "φ of the answers"], lines)


def _bin_table(audit: dict[str, Any]) -> str:
    evidence = audit["evidence"]
    names = {"alpha / bins": f".05 / {evidence['bins']}", "alpha": ".05"}
    lines = []
    for setting, needed in evidence["least_wins"].items():
        test, level = setting.split(" at ")
        lines.append([f"{test}, p ≤ {names[level]}", *needed])
    return _table(["questions won, by questions lost:", *map(str, evidence["losses"])], lines)


def _noise_table(audit: dict[str, Any]) -> str:
    head = ["effect", "differing", "bins that lose", "median worst", "median best", "any p ≤ .05 (exact)", "any (mid-p)"]
    head += ["any after Bonferroni (mid-p)", "worst as low as seen", "best as high as seen"]
    return _table(head, [_noise_line(entry) for entry in audit["noise"]["simulated"]])


def _noise_line(entry: dict[str, Any]) -> list[str]:
    setting = [signed(100 * entry["effect"], 1), f"{100 * entry['discordance']:.0f} %", f"{entry['bins_lost']:.1f}"]
    extremes = [signed(entry["median_worst"], 1), signed(entry["median_best"], 1)]
    shares = [entry[key] for key in ("any_exact", "any_mid-p", "any_bonferroni_mid-p")]
    return [*setting, *extremes, *map(percent, [*shares, entry["as_seen"]["worst"], entry["as_seen"]["best"]])]


def _table(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(markdown_cell(str(cell)) for cell in row)} |" for row in rows)
