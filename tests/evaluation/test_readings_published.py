"""Perfect answers to MMAU's own questions in many wrappings: counts that were measured with another implementation."""

from __future__ import annotations

import json
from pathlib import Path
from string import ascii_uppercase

import pytest

from gemma_audio.evaluation.answer_key import AnswerKey, read_key
from gemma_audio.evaluation.readings import RULES, question

OFFICIAL = {
    "{gold}": (1000, 76),
    "({X}) {gold}": (967, 1000),
    "{X}. {gold}": (967, 1000),
    "The answer is ({X}) {gold}": (879, 907),
    "The correct answer is: {gold}": (907, 64),
    "{X}": (2, 2),
}


@pytest.fixture(scope="module")
def rows(mmau_folder: Path) -> list[dict]:
    return json.loads((mmau_folder / "mmau-test-mini.json").read_text())


@pytest.fixture(scope="module")
def keys(rows: list[dict], mmau_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AnswerKey]:
    """MMAU's own file, and its copy on the Hub, whose choices and gold bear letters."""
    path = tmp_path_factory.mktemp("hub") / "hub.json"
    path.write_text(json.dumps([_hub(row) for row in rows]))
    return {"bare": read_key(mmau_folder / "mmau-test-mini.json"), "prefixed": read_key(path)}


def _hub(row: dict) -> dict:
    lettered = [f"({letter}) {text}" for letter, text in zip(ascii_uppercase, row["choices"], strict=False)]
    attributes = {key: row[key] for key in ("id", "dataset", "task", "split", "category", "sub-category", "difficulty")}
    answer = lettered[row["choices"].index(row["answer"])]
    return {"instruction": row["question"], "choices": lettered, "answer": answer, "other_attributes": json.dumps(attributes)}


def counts(key: AnswerKey, rows: list[dict], wrapping: str) -> dict[str, int]:
    found = dict.fromkeys(RULES, 0)
    for item, row in zip(key.items, rows, strict=True):
        said = wrapping.format(X=ascii_uppercase[row["choices"].index(row["answer"])], gold=row["answer"])
        read = question(item.choices, item.answer).read(said)
        for rule in RULES:
            found[rule] += getattr(read, rule)
    return found


@pytest.mark.parametrize("wrapping", OFFICIAL)
def test_official_rule_by_wrapping_and_form_of_the_gold(keys: dict[str, AnswerKey], rows: list[dict], wrapping: str) -> None:
    found = {name: counts(key, rows, wrapping) for name, key in keys.items()}
    assert (found["bare"]["official"], found["prefixed"]["official"]) == OFFICIAL[wrapping]
    assert found["bare"]["stripped"] == found["prefixed"]["stripped"], "without prefixes both copies score the same"
    if "{X}" in wrapping:
        assert found["bare"]["letter"] == found["prefixed"]["letter"] == 1000


def test_both_copies_are_recognised(keys: dict[str, AnswerKey]) -> None:
    assert {name: key.gold for name, key in keys.items()} == {"bare": "bare", "prefixed": "prefixed"}
    assert keys["bare"].revision.startswith("2025-08-09")
    assert keys["bare"].warnings == []
    assert keys["prefixed"].revision == "unknown"
    assert "no known revision" in keys["prefixed"].warnings[0]
    assert [item.id for item in keys["bare"].items] == [item.id for item in keys["prefixed"].items]


def test_plain_gold_is_right_by_every_reading_of_words(keys: dict[str, AnswerKey], rows: list[dict]) -> None:
    found = counts(keys["bare"], rows, "{gold}")
    assert (found["official"], found["stripped"], found["strict"]) == (1000, 1000, 1000)
