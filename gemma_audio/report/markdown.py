"""comparison.md: the report as text."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate

from gemma_audio.report.failures import failure_table, missing_table, next_step
from gemma_audio.report.pairs import SHOWN
from gemma_audio.report.plots import BRIEF, look
from gemma_audio.report.sections import control_table, cut_tables, rate_table, rule_table, sensitivity_table
from gemma_audio.report.text import logged, markdown_cell, percent, points, pvalue, span
from gemma_audio.report.verdict import verdict

LISTED = 20
LOG_LINES = 12


def markdown(comparison: dict[str, Any]) -> str:
    """The verdict, the tables and what is missing, in GitHub's Markdown."""
    title = markdown_cell(str(comparison["sweep"]["name"]))
    sections = [
        f"# {title}",
        "\n".join(f"- {markdown_cell(line, 1200)}" for line in [*verdict(comparison), *comparison["notes"]]),
        "## Accuracy\n\n" + _table(*arm_table(comparison)),
        "## Differences\n\n" + _table(*pair_table(comparison)),
        "## Subcategories\n\n" + _subcategories(comparison),
        *_further(comparison),
        "## Without listening\n\n" + _table(["answering", "accuracy"], baseline_rows(comparison)),
        "## Cells\n\n" + _cells(comparison),
        "## Questions without an answer\n\n" + _failures(comparison),
    ]
    return "\n\n".join(sections) + "\n"


def arm_table(comparison: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the accuracy table."""
    found = dict.fromkeys(domain for arm in comparison["arms"].values() for domain in arm["domains"])
    header = ["arm", "accuracy", "interval", *found, "strict", "per run", "runs", "n"]
    return header, [_arm(name, arm, list(found)) for name, arm in comparison["arms"].items()]


def _arm(name: str, arm: dict[str, Any], found: list[str]) -> list[str]:
    interval = "-" if arm["interval"] is None else f"{percent(arm['interval'][0])} to {percent(arm['interval'][1])}"
    in_domains = [percent(arm["domains"].get(domain, {}).get("accuracy")) for domain in found]
    runs = ", ".join(percent(run["accuracy"]) for run in arm["per_run"]) or "-"
    return [name, percent(arm["accuracy"]), interval, *in_domains, percent(arm["strict"]), runs, str(arm["runs"]), str(arm["n"])]


def pair_table(comparison: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table of overall differences, one row per pair and scope, then the refused pairs."""
    header = ["pair", "scope", "difference (points)", "interval", "p", "p (Holm)", "runs", "n", "note"]
    rows = []
    for entry in comparison["pairs"]:
        pair = f"{entry['treatment']} - {entry['baseline']}" + (" (primary)" if entry["primary"] else "")
        runs = f"{entry['runs']['treatment']} vs {entry['runs']['baseline']}"
        numbers = [points(entry["delta"]), span(entry["interval"]), pvalue(entry["p"]), pvalue(entry["p_holm"])]
        rows.append([pair, entry["scope"], *numbers, runs, str(entry["n"]), entry["note"]])
    refused = [[f"{r['treatment']} - {r['baseline']}", "not paired", *["-"] * 6, r["reason"]] for r in comparison["refused"]]
    return header, rows + refused


def subcategory_table(comparison: dict[str, Any], index: int) -> tuple[list[str], list[list[str]]]:
    """Header and rows for the pair at `index` of every row's pairs."""
    header = ["subcategory", "domain", "n", "treatment", "baseline", "difference (points)", "interval", "p", "q"]
    header += ["verdict", "smallest seen with 80 % power", "smallest flagged with 80 % power"]
    rows = []
    for row in comparison["subcategories"]:
        entry = row["pairs"][index]
        sides = [percent(row["arms"].get(entry[side])) for side in ("treatment", "baseline")]
        change = [points(entry["delta"]), span(entry["interval"]), pvalue(entry["p"]), pvalue(entry["q"])]
        reach = [_reach(entry["mde_raw"]), _reach(entry["mde_flag"])]
        rows.append([row["name"], row["domain"], str(row["n"]), *sides, *change, BRIEF[look(entry)], *reach])
    return header, rows


def baseline_rows(comparison: dict[str, Any]) -> list[list[str]]:
    """What answering without the audio would score."""
    named = {"chance": "by chance", "always_first": "always the first option", "longest": "always the longest option"}
    return [[label, percent(comparison["baselines"][key])] for key, label in named.items()]


def _reach(mde: float | None) -> str:
    return "no change" if mde is None else f"{100 * mde:.0f} points"


def _table(header: list[str], rows: list[list[str]]) -> str:
    cells = [[markdown_cell(value) for value in row] for row in rows]
    return tabulate(cells, headers=[markdown_cell(value) for value in header], tablefmt="pipe", disable_numparse=True)


def _subcategories(comparison: dict[str, Any]) -> str:
    decided = [entry for entry in comparison["pairs"] if entry["decides"]]
    shown = decided[:SHOWN]
    left = [f"{len(decided) - SHOWN} more pairs are in deltas.csv."] if len(decided) > SHOWN else []
    parts = [
        f"### {markdown_cell(entry['treatment'])} - {markdown_cell(entry['baseline'])} (scope: {entry['scope']})\n\n"
        + _table(*subcategory_table(comparison, index))
        for index, entry in enumerate(shown)
    ]
    return "\n\n".join([*parts, *left]) or "No pair of arms can be compared yet."


def _further(comparison: dict[str, Any]) -> list[str]:
    """The sections that not every sweep has."""
    decided = [(entry["treatment"], entry["baseline"]) for entry in comparison["pairs"] if entry["decides"]][:SHOWN]
    tables = [
        *cut_tables(comparison, decided),
        ("Factors", factor_table(comparison)),
        ("By other rules, orders and wordings", sensitivity_table(comparison, decided)),
        ("By scoring rule", rule_table(comparison)),
        ("Controls", control_table(comparison)),
        ("Learning rates", rate_table(comparison)),
    ]
    return [f"## {title}\n\n{_table(*table)}" for title, table in tables if table[1]]


def factor_table(comparison: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a factorial's main effects and interactions."""
    header = ["effect", "kind", "scope", "difference (points)", "interval", "p", "p (Holm)"]
    rows = []
    for effect in comparison["factors"] or []:
        named = zip(effect["factors"], effect["levels"], strict=True)
        what = " x ".join(f"{name} ({second} - {first})" for name, (first, second) in named)
        numbers = [points(effect["delta"]), span(effect["interval"]), pvalue(effect["p"]), pvalue(effect["p_holm"])]
        rows.append([what, effect["kind"], effect["scope"], *numbers])
    return header, rows


def _cells(comparison: dict[str, Any]) -> str:
    cells = comparison["cells"]
    parts = [f"{len(cells['finished'])} finished, {len(cells['failed'])} failed, {len(cells['missing'])} missing."]
    parts += [_table(*table) for table in (failure_table(comparison), missing_table(comparison)) if table[1]]
    for cell in cells["failed"]:
        lines = [f"    {logged(line, 200)}" for line in cell["log_tail"][-LOG_LINES:]]  # indented: code, without any markup
        parts += ["\n".join([f"The end of {markdown_cell(cell['log'] or cell['name'])}:", "", *lines])] if lines else []
    return "\n\n".join([*parts, *filter(None, [markdown_cell(next_step(comparison), 1000)])])


def _failures(comparison: dict[str, Any]) -> str:
    items, rejected = comparison["failures"]["items"], comparison["failures"]["rejected"]
    lines = [f"- {markdown_cell(e['id'])}: {markdown_cell(e['reason'])} ({e['runs']} runs)" for e in items[:LISTED]]
    lines += [f"- and {len(items) - LISTED} more"] if len(items) > LISTED else []
    lines += [f"- rejected row {r['row']}, {markdown_cell(r['id'])}: {markdown_cell(r['reason'])}" for r in rejected[:LISTED]]
    lines += [f"- and {len(rejected) - LISTED} more rejected rows"] if len(rejected) > LISTED else []
    return "\n".join(lines) or "None."
