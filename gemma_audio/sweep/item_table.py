"""One row per question of a sweep: what share of each arm's runs was right, and which options they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from gemma_audio.report.collect import Sweep

ABOUT = ["id", "task", "subcategory", "difficulty", "question", "choices", "answer", "audio"]
LIMIT = 10_000  # rows that W&B shows of a table
MOVED = "moved"


def item_table(sweep: Sweep, limit: int = LIMIT) -> tuple[pd.DataFrame, str]:
    """The table, the questions that moved most between baseline and treatment first, and a note where rows were left out.

    Columns: those of the question, `moved` (treatment less baseline, in shares of runs), and for each arm with finished runs
    "ARM right" and "ARM chose" (options with the number of runs that took them, the most frequent first).
    """
    rows = sweep.rows.assign(choices=[" | ".join(choices) for choices in sweep.rows["choices"]])
    table = rows.drop_duplicates("id").set_index("id")[ABOUT[1:]]
    right = rows.pivot_table(index="id", columns="arm", values="correct_official", aggfunc="mean")
    chose = _chosen(sweep.rows)
    treatment, baseline = sweep.primary
    both = {treatment, baseline} <= set(right.columns)
    table[MOVED] = right[treatment] - right[baseline] if both else None
    for arm in (name for name in sweep.arms if name in right.columns):
        table[f"{arm} right"], table[f"{arm} chose"] = right[arm], chose.get(arm)
    table = table.take(_order(table[MOVED])).reset_index()
    left = len(table) - limit
    return table.head(limit), f"{left} of {len(table)} questions are left out: those that moved least" if left > 0 else ""


def _order(moved: pd.Series) -> list[int]:
    """Places, the largest change first; equal ones as they came."""
    sizes = pd.to_numeric(moved).abs().fillna(0).to_numpy()
    return sorted(range(len(sizes)), key=lambda place: -sizes[place])


def _chosen(rows: pd.DataFrame) -> dict[str, pd.Series]:
    columns = (rows[name] for name in ("chosen", "choices", "text"))
    named = [_name(str(chosen), choices, str(text)) for chosen, choices, text in zip(*columns, strict=True)]
    grouped = pd.Series(named, index=rows.index).groupby([rows["arm"], rows["id"]]).agg(_counted)
    return {str(arm): grouped.xs(arm) for arm in grouped.index.unique(level=0)}


def _name(chosen: str, choices: Sequence[str], text: str) -> str:
    """The option taken, or in brackets the text that names none."""
    if chosen.isdecimal() and int(chosen) < len(choices):
        return str(choices[int(chosen)])
    return f"({text[:80]})"


def _counted(names: pd.Series) -> str:
    if len(names) == 1:
        return str(names.iloc[0])
    return " | ".join(f"{name} x{count}" for name, count in Counter(names).most_common())
