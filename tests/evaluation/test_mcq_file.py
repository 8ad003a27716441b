"""Any multiple-choice file: formats, columns, forms of the answer, and what is rejected."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from gemma_audio.config.kinds import AnswerForm
from gemma_audio.config.schema import Evaluation
from gemma_audio.errors import BenchmarkError
from gemma_audio.evaluation import benchmarks
from gemma_audio.evaluation.checks import problems

Make = Callable[..., Evaluation]


def row(n: int, **changes: Any) -> dict[str, Any]:
    plain = {"id": f"q{n}", "audio": f"{n}.wav", "question": "Which, then?", "choices": ["dog", "cat", "cow"], "answer": "cat"}
    return {**plain, **changes}


@pytest.fixture
def mcq(tmp_path: Path, evaluation: Make) -> Callable[..., Evaluation]:
    for n in range(6):
        soundfile.write(tmp_path / f"{n}.wav", 0.1 * np.sin(np.arange(16_000) / (9 + n)), 16_000)

    def make(rows: list[Any], suffix: str = ".json", **changes: Any) -> Evaluation:
        file = tmp_path / f"quiz{suffix}"
        if suffix == ".json":
            file.write_text(json.dumps(rows))
        elif suffix == ".jsonl":
            file.write_text("".join(json.dumps(r) + "\n" for r in rows))
        else:
            with file.open("w", newline="", encoding="utf-8-sig") as opened:
                writer = csv.DictWriter(opened, list(dict.fromkeys(key for r in rows for key in r)))
                writer.writeheader()
                writer.writerows({key: json.dumps(v) if isinstance(v, list) else v for key, v in r.items()} for r in rows)
        return evaluation(name="quiz", benchmark="mcq_file", file=str(file), **changes)

    return make


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv"])
def test_three_formats_give_the_same_questions(suffix: str, mcq: Make) -> None:
    cfg = mcq([row(0), row(1, domain="birdsong", difficulty="hard", answer="cow")], suffix)
    made = benchmarks.load(cfg, None)
    first, second = made.items
    assert (first.choices, first.gold, first.task, first.subcategory, first.dataset) == (
        ("dog", "cat", "cow"),
        (1,),
        "all",
        "all",
        "quiz",
    )
    assert (second.gold, second.task, second.subcategory, second.difficulty) == ((2,), "birdsong", "birdsong", "hard")
    assert made.rejected == []
    assert made.warnings == []
    assert made.audio(second).shape == (16_000,)
    assert problems(cfg) == []


@pytest.mark.parametrize("answers", [["B", "C", "A"], ["(b)", "(C)", "a."]])
def test_letters_are_found_out_and_said(answers: list[str], mcq: Make) -> None:
    made = benchmarks.load(mcq([row(n, answer=answer) for n, answer in enumerate(answers)]), None)
    assert [item.gold for item in made.items] == [(1,), (2,), (0,)]
    assert made.revision.endswith("answers by letter")


def test_a_choice_that_is_a_letter_is_a_text_unless_letters_are_asked_for(mcq: Make) -> None:
    rows = [row(0, choices=["C", "B", "A"], answer="A")]
    assert benchmarks.load(mcq(rows), None).items[0].gold == (2,)
    assert benchmarks.load(mcq(rows, answer=AnswerForm.letter), None).items[0].gold == (0,)


def test_answers_of_both_forms_are_refused_until_one_is_chosen(mcq: Make) -> None:
    rows = [row(0), row(1, answer="C")]
    (problem,) = problems(mcq(rows))
    assert "1 answers are texts of a choice and 1 are letters" in problem.message
    assert "evaluation.answer=text" in problem.remedy
    made = benchmarks.load(mcq(rows, answer=AnswerForm.text), None)
    assert [(bad.row, "'C' is not among" in bad.reason) for bad in made.rejected] == [(2, True)]


def test_rejected_rows_are_listed_and_missing_sounds_stay_in_the_denominator(mcq: Make) -> None:
    rows = [row(0), row(0), row(2, choices=["cat"]), {"id": "x"}, 7, row(9), row(3, id="../up"), row(4, audio="../4.wav")]
    made = benchmarks.load(mcq(rows), None)
    assert [item.id for item in made.items] == ["q0", "q9"]
    assert [bad.row for bad in made.rejected] == [2, 3, 4, 5, 7, 8]
    assert "duplicate id, first used in row 1" in made.rejected[0].reason
    assert "missing keys" in made.rejected[2].reason


def test_columns_of_other_names(mcq: Make) -> None:
    rows = [
        {"nr": n, "audio": f"{n}.wav", "prompt": "Which?", "options": ["a", "b"], "gold": "B", "sub_category": "S"}
        for n in range(3)
    ]
    names = {"id": "nr", "question": "prompt", "choices": "options", "answer": "gold"}
    for suffix in (".json", ".csv"):
        made = benchmarks.load(mcq(rows, suffix, columns=names), None)
        assert [(item.id, item.question, item.gold) for item in made.items][:2] == [("0", "Which?", (1,)), ("1", "Which?", (1,))]
        assert made.warnings == [
            "columns that nothing reads: sub_category; read one with +evaluation.columns.subcategory=sub_category"
        ]
    found = problems(mcq(rows))
    assert "no column 'id' in any row; found: nr, audio, prompt, options, gold, sub_category" in found[0].message


def test_a_column_that_is_named_but_not_there(mcq: Make) -> None:
    (problem,) = problems(mcq([row(0)], columns={"domain": "topic"}))
    assert "no column 'topic'" in problem.message


def test_a_folder_without_the_sounds_and_a_file_without_a_question(mcq: Make, tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    assert "none of the 1 sounds is there" in problems(mcq([row(0)], audio_dir=str(tmp_path / "void")))[0].message
    (problem,) = problems(mcq([row(0, answer="horse")]))
    assert "has 1 rows and none is a usable question (row 1: the answer 'horse' is not among" in problem.message
    with pytest.raises(BenchmarkError):
        benchmarks.load(mcq([]), None)


def test_the_identity_is_content(mcq: Make, tmp_path: Path) -> None:
    cfg = mcq([row(0), row(1)])
    before = benchmarks.identity(cfg, None)
    (tmp_path / "moved.json").write_bytes(Path(cfg.file or "").read_bytes())
    moved = replace(cfg, file=str(tmp_path / "moved.json"), audio_dir=str(tmp_path), name="other")
    assert benchmarks.identity(moved, None) == before
    soundfile.write(tmp_path / "1.wav", np.zeros(16_000), 16_000)
    assert benchmarks.identity(cfg, None) != before
