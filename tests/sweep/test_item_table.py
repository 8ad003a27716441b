from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gemma_audio.report.collect import Sweep
from gemma_audio.sweep.item_table import item_table

ABOUT = {
    "task": "sound",
    "subcategory": "S",
    "difficulty": "easy",
    "question": "Which?",
    "choices": ("rain", "wind"),
    "audio": "c",
}


def answer(arm: str, run: str, item: str, chosen: str, text: str = "") -> dict[str, object]:
    right = int(chosen == "0")
    return {
        **ABOUT,
        "arm": arm,
        "run": run,
        "id": item,
        "answer": "rain",
        "chosen": chosen,
        "text": text,
        "correct_official": right,
    }


@pytest.fixture
def sweep() -> Sweep:
    """Two runs of v3 against one of v2: question a is gained by one run, b by both, c by none; one answer names no option."""
    rows = [answer("v2", "r0", item, "1") for item in "abc"]
    rows += [answer("v3", "r1", item, chosen) for item, chosen in zip("abc", "001", strict=True)]
    rows += [answer("v3", "r2", "a", "1"), answer("v3", "r2", "b", "0"), answer("v3", "r2", "c", "", "no idea")]
    spec = {"arms": ["v2", "v3", "v4"], "baseline": "v2", "treatment": "v3"}
    return Sweep(Path(), spec, [], [], pd.DataFrame(rows), [])


def test_a_row_per_question_says_what_share_of_the_runs_was_right_and_what_they_chose(sweep: Sweep) -> None:
    table, note = item_table(sweep)
    assert note == ""
    assert list(table["id"]) == ["b", "a", "c"], "what moved most comes first"
    assert list(table["moved"]) == [1.0, 0.5, 0.0]
    assert list(table["v2 right"]) == [0.0, 0.0, 0.0]
    assert list(table["v3 right"]) == [1.0, 0.5, 0.0]
    assert list(table["v3 chose"]) == ["rain x2", "rain x1 | wind x1", "wind x1 | (no idea) x1"]
    assert list(table["v2 chose"]) == ["wind"] * 3
    assert list(table["choices"]) == ["rain | wind"] * 3
    assert not [name for name in table.columns if name.startswith("v4")], "an arm without runs has no columns"


def test_a_table_that_is_too_long_says_what_it_leaves_out(sweep: Sweep) -> None:
    table, note = item_table(sweep, limit=2)
    assert list(table["id"]) == ["b", "a"]
    assert note == "1 of 3 questions are left out: those that moved least"


def test_without_the_treatment_nothing_moved(sweep: Sweep) -> None:
    rows = sweep.rows[sweep.rows["arm"] == "v2"]
    table, _ = item_table(Sweep(Path(), sweep.spec, [], [], rows, []))
    assert list(table["id"]) == ["a", "b", "c"]
    assert table["moved"].isna().all()
