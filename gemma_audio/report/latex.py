"""table.tex: accuracies and the declared pair's differences, for a paper that loads the package booktabs."""

from __future__ import annotations

import unicodedata
from typing import Any

from gemma_audio.report.text import plain

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    "-": "{-}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "−": "{-}",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
}
FLAGGED, BLIND, WEAK = r"$^{*}$", r"$^{\dagger}$", r"$^{\ddagger}$"
ARMS = 6  # columns of accuracies that a page has room for


def table_tex(comparison: dict[str, Any]) -> str:
    """A booktabs tabular: overall, then every subcategory in the report's order; all text is escaped."""
    pair = next((entry for entry in comparison["pairs"] if entry["primary"]), None)
    arms = _arms(comparison)
    header = ["", r"$n$", *map(escape, arms), *_pair_header(pair, comparison)]
    rows = [_overall(comparison, arms, pair), *(_row(row, arms, pair) for row in comparison["subcategories"])]
    body = [r"\toprule", _line(header), r"\midrule", _line(rows[0]), *([r"\midrule"] if rows[1:] else [])]
    body += [*map(_line, rows[1:]), r"\bottomrule"]
    columns = "lr" + "r" * len(arms) + "rll" * (pair is not None)
    return "\n".join([*_remarks(comparison, pair), rf"\begin{{tabular}}{{{columns}}}", *body, r"\end{tabular}", ""])


def escape(text: str, limit: int = 80) -> str:
    """One line of text that LaTeX sets as it stands: no command, no comment, no math; other scripts need a font that has them."""
    composed = unicodedata.normalize("NFC", plain(text, limit))
    return "".join(SPECIAL.get(character, character) for character in composed)


def _arms(comparison: dict[str, Any]) -> list[str]:
    declared = [comparison["sweep"]["baseline"], comparison["sweep"]["treatment"]]
    known = [name for name, arm in comparison["arms"].items() if arm["accuracy"] is not None]
    return known if len(known) <= ARMS else [name for name in known if name in declared]


def _pair_header(pair: dict[str, Any] | None, comparison: dict[str, Any]) -> list[str]:
    if pair is None:
        return []
    level = f"{100 * comparison['settings']['confidence']:g}"
    return [f"{escape(pair['treatment'])} $-$ {escape(pair['baseline'])}", rf"{level}\,\% interval", "$p$"]


def _overall(comparison: dict[str, Any], arms: list[str], pair: dict[str, Any] | None) -> list[str]:
    scores = [_percent(comparison["arms"][arm]["accuracy"]) for arm in arms]
    return ["all questions", str(comparison["benchmark"]["n"]), *scores, *(_change(pair) if pair else [])]


def _row(row: dict[str, Any], arms: list[str], pair: dict[str, Any] | None) -> list[str]:
    scores = [_percent(row["arms"].get(arm)) for arm in arms]
    entry = row["pairs"][0] if pair and row["pairs"] else None
    mark = _mark(entry) if entry else ""
    change = _change(entry) if entry else [""] * 3 * (pair is not None)
    return [escape(row["name"]) + mark, str(row["n"]), *scores, *change]


def _mark(entry: dict[str, Any]) -> str:
    if not entry["testable"]:
        return BLIND
    return FLAGGED if entry["holm"] else WEAK if entry["mde_flag"] is None else ""


def _change(entry: dict[str, Any]) -> list[str]:
    interval = "--" if entry["interval"] is None else f"[{', '.join(_points(bound) for bound in entry['interval'])}]"
    p = "$<$.001" if entry["p"] < 0.001 else f"{min(entry['p'], 1):.3f}".removeprefix("0")
    return [_points(entry["delta"]), interval, p]


def _points(fraction: float) -> str:
    return f"${100 * fraction + 0.0:+.1f}$"


def _percent(fraction: float | None) -> str:
    return "--" if fraction is None else f"{100 * fraction:.1f}"


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _remarks(comparison: dict[str, Any], pair: dict[str, Any] | None) -> list[str]:
    """What the table's marks mean, as comments for the caption."""
    lines = ["% needs \\usepackage{booktabs,textcomp}; accuracies in %, differences in percentage points"]
    if pair is not None:
        scope = "allows for run noise" if pair["scope"] == "recipe" else "is about these very models, not about recipes"
        lines.append(f"% scope: {pair['scope']}, which {scope}; p values are not corrected, the marks are:")
        lines.append("% * flagged after Holm's correction over the testable subcategories")
        lines.append("% dagger: could not have been flagged; double dagger: no change would be with 80 % power")
    return lines
