"""Benchmark files as keys to answers: MMAU's shape, its copy on the Hub, and users' own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fixture_rows import GOOD, row

from gemma_audio.errors import BenchmarkError
from gemma_audio.evaluation.answer_key import AnswerKey, read_key


def key_of(folder: Path, content: Any, name: str = "quiz.json") -> AnswerKey:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_key(path)


def test_mmaus_shape(tmp_path: Path) -> None:
    key = key_of(tmp_path, GOOD)
    assert [(item.id, item.answer, item.choices) for item in key.items] == [
        (r["id"], r["answer"], tuple(r["choices"])) for r in GOOD
    ]
    assert key.items[1].category == "Reasoning", "a list in the file"
    assert (key.gold, key.revision, key.rejected) == ("bare", "unknown", [])
    assert "no known revision of MMAU" in key.warnings[0]
    assert key.sha256[:12] in key.warnings[0]


def test_a_gold_that_is_no_choice_keeps_its_question(tmp_path: Path) -> None:
    key = key_of(tmp_path, [*GOOD, row("stray", answer="horse"), row("c", choices=["x", "y", "z", "w"], answer="C")])
    assert len(key.items) == len(GOOD) + 2
    assert "2 answers of the benchmark are none of their choices (stray, c)" in key.warnings[1]


def test_prefixed_and_mixed_gold_are_named(tmp_path: Path) -> None:
    lettered = row("a", choices=["(A) dog", "(B) cat"], answer="(B) cat")
    assert key_of(tmp_path, [lettered]).gold == "prefixed"
    assert key_of(tmp_path, [lettered, row("b")]).gold == "mixed: 1 of 2 prefixed"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("quiz.csv", 'id,question,choices,answer,domain\n1,What?,"[""dog"", ""cat""]",B,nature\n'),
        ("quiz.jsonl", '{"id": 1, "question": "What?", "choices": ["dog", "cat"], "answer": "cat", "domain": "nature"}\n'),
        ("quiz.json", '[{"id": "1", "choices": ["dog", "cat"], "answer": "(B)", "domain": "nature", "question": "What?"}]'),
    ],
)
def test_own_files_without_sounds(tmp_path: Path, name: str, content: str) -> None:
    key = key_of(tmp_path, content, name)
    item = key.items[0]
    assert (item.id, item.answer, item.task, item.subcategory, item.difficulty) == ("1", "cat", "nature", "nature", "unknown")
    assert key.warnings == []
    assert key.revision.startswith(f"{name}, answers by ")


def test_rows_that_are_no_questions_are_said(tmp_path: Path) -> None:
    bad = [None, row("x", choices="dog"), row("y", choices=["one"]), row("plain"), {**row("z"), "answer": None}]
    key = key_of(tmp_path, [row("plain"), *bad])
    assert len(key.items) == 1
    assert [entry.row for entry in key.rejected] == [2, 3, 4, 5, 6]
    assert "5 rows of the benchmark are no questions and are not scored (row 2: " in key.warnings[-1]


@pytest.mark.parametrize("content", ["", "[]", "{}", "[1]", '[{"id": "a"}]'])
def test_files_without_a_question_are_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(BenchmarkError, match="--benchmark FILE"):
        key_of(tmp_path, content)


def test_mixed_forms_of_answers_are_refused(tmp_path: Path) -> None:
    rows = [{"id": str(n), "choices": ["dog", "cat"], "answer": answer} for n, answer in enumerate(["dog", "B"])]
    with pytest.raises(BenchmarkError, match=r"must all be of one form(.|\n)*Write every answer"):
        key_of(tmp_path, rows)
