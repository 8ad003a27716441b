"""What the simulations found against what the statistics are meant to hold, and the tables of the report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from tabulate import tabulate

NULL = (
    "Run SD and bin SD are points of accuracy: a training run's shift overall, and its further shift in each bin. `shared` is "
    "the part of the overall variance that belongs to a stage which run i of both arms continues (a block); `items` is how often "
    "two runs that differ in nothing but chance disagree."
)
CONTROL = "The control: the test of these runs, read as if it spoke of recipes."
COVERAGE = (
    "Exact, by enumeration of all tables, in {cells} feasible cells of discordance x delta (0 to .2) x base (.3 to .9). "
    "The third column leaves out the cells in which every differing item is a gain."
)
PLANTED = "One run a side, 25 % of answers differ; share of draws that find the change in its direction, in %, simulated / exact."


def figures(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each figure with its bounds (low, high; None: open), and whether it is held; fractions."""
    noisy = [row["claims"] for row in [*found["grid"], *found["others"]]]
    quiet, single = (row["claims"] for row in found["quiet"])
    control = [row["claims"]["these runs"] for row in found["control"]]
    misses = [abs(row["simulated"][rule] - row["exact"][rule]) for row in found["planted"] for rule in row["exact"]]
    rows = [
        ("items-only, overall: three runs a side without run noise", quiet["these runs"], 0.043, 0.057),
        ("items-only, overall: one run a side, mid-p", single["these runs"], 0.043, 0.057),
        ("recipe scope, overall, under run noise: the most of all settings", max(c["recipe"] for c in noisy), None, 0.06),
        ("any bin by Holm: the most of all settings", _most(noisy, "any Holm"), None, 0.05),
        ("any bin by Tarone-BH: the most of all settings", _most(noisy, "any Tarone-BH"), None, 0.05),
        ("any bin by Holm, one run a side", single["any Holm"], None, 0.05),
        ("any bin by Tarone-BH, one run a side", single["any Tarone-BH"], None, 0.05),
        ("items-only under run noise of 1.3 points (a control that must fail)", min(control), 0.10, None),
        ("items-only under run noise of 2.8 points (a control that must fail)", max(control), 0.10, None),
        ("Newcombe's interval at 20 items: least coverage of all cells", found["coverage"]["least"], 0.93, None),
        ("Newcombe's interval at 20 items: mean coverage", found["coverage"]["mean"], 0.95, 0.985),
        ("planted change: largest gap between simulated and exact power", max(misses), None, 0.02),
    ]
    return [
        {"name": name, "value": value, "low": low, "high": high, "held": _held(value, low, high)}
        for name, value, low, high in rows
    ]


def _most(claims: Iterable[dict[str, float]], name: str) -> float:
    return max(claim[name] for claim in claims)


def _held(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    rows = [(row["name"], _percent(row["value"]), _bounds(row), "yes" if row["held"] else "**no**") for row in found["figures"]]
    return _table(("figure", "%", "bound", "held"), rows)


def markdown(found: dict[str, Any]) -> str:
    """Everything, with all settings."""
    null = f"Share of {found['draws']} draws that claim a difference, in %. {NULL}"
    sections = [
        ("# Calibration", table(found)),
        ("## Two arms of one recipe", f"{null}\n\n{_claims([*found['quiet'], *found['grid'], *found['others']])}"),
        ("## Items alone under run noise", f"{CONTROL}\n\n{_claims(found['control'])}"),
        (f"## Newcombe's paired interval, {found['coverage']['items']} items", _coverage(found["coverage"])),
        ("## A true change in one bin", f"{PLANTED}\n\n{_planted(found['planted'])}"),
    ]
    return "\n".join(f"{title}\n\n{text}" for title, text in sections)


def _claims(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["claims"]))
    lines = [
        (
            " v ".join(map(str, row["runs"])), f"{100 * row['run']:g}", f"{100 * row['bin']:g}", f"{row['shared']:g}",
            f"{100 * _disagreement(*row['shape']):.0f} %", *(_percent(row["claims"].get(name)) for name in names),
        )
        for row in rows
    ]  # fmt: skip
    return _table(("runs", "run SD", "bin SD", "shared", "items", *names), lines)


def _disagreement(a: float, b: float) -> float:
    return 2 * a * b / ((a + b) * (a + b + 1))


def _coverage(found: dict[str, Any]) -> str:
    by_rate: dict[float, list[dict[str, Any]]] = {}
    for cell in found["grid"]:
        by_rate.setdefault(cell["discordance"], []).append(cell)
    rows = []
    for rate, cells in by_rate.items():
        inner = [cell for cell in cells if cell["delta"] < rate]
        rows.append((f"{100 * rate:g} %", len(cells), *map(_percent, (_least(cells), _least(inner), _mean(cells)))))
    return f"{COVERAGE.format(**found)}\n\n{_table(('discordance', 'cells', 'least', 'least with losses', 'mean'), rows)}"


def _least(cells: list[dict[str, Any]]) -> float | None:
    return min((cell["coverage"] for cell in cells), default=None)


def _mean(cells: list[dict[str, Any]]) -> float:
    return float(np.mean([cell["coverage"] for cell in cells]))


def _planted(rows: list[dict[str, Any]]) -> str:
    rules = list(rows[0]["exact"])
    lines = [
        (
            row["items"],
            f"{100 * row['delta']:g}",
            *(f"{_percent(row['simulated'][r])} / {_percent(row['exact'][r])}" for r in rules),
        )
        for row in rows
    ]
    return _table(("items", "change", *rules), lines)


def _bounds(row: dict[str, Any]) -> str:
    low, high = row["low"], row["high"]
    if low is not None and high is not None:
        return f"{100 * low:g} to {100 * high:g}"
    return f"≥ {100 * low:g}" if low is not None else f"≤ {100 * high:g}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _table(header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    return tabulate(list(rows), headers=header, tablefmt="pipe", disable_numparse=True) + "\n"
