"""The bench of a full-size model, tried on the small one: every case runs, and the table compares what it says."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from gemma_audio.cli.gpu import __main__ as gpu
from gemma_audio.cli.gpu.case import ORDER, cases, none
from gemma_audio.cli.gpu.measure import attempt
from gemma_audio.cli.gpu.step import Took
from gemma_audio.cli.gpu.subject import Subject
from gemma_audio.cli.gpu.table import Row, table
from gemma_audio.config.schema import Savings


def test_every_saving_is_added_once_and_the_first_case_has_none() -> None:
    names = {field.name for field in fields(Savings)} - {"name"}
    assert set(ORDER) == names
    first, *others = cases()
    assert first.savings == none()
    assert first.stock_loss
    on = [sum(getattr(case.savings, name) for name in names) for case in others]
    assert on == [*range(1, len(names) + 1), len(names)]


def test_the_quick_way_measures_all_and_says_what_made_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--quick", "--seconds", "1", "--repeats", "1", "--questions", "3", "--out", str(tmp_path)]
    assert gpu.main(asked) == 0
    made = json.loads((tmp_path / "cost.json").read_text())
    rows = made["rows"]
    assert [row["case"] for row in rows[:-3]] == [case.name for case in cases()]
    assert all(row["took"]["seconds"] > 0 and not row["failure"] for row in rows)
    assert rows[0]["times"] == 1.0
    assert made["quick"]
    assert torch.__version__.startswith(made["versions"]["torch"])
    assert "stage 1, tower trained" in (tmp_path / "table.md").read_text()
    assert "cost.json" in capsys.readouterr().out


def test_only_what_is_named_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--quick", "--seconds", "1", "--repeats", "1", "--questions", "3", "--out", str(tmp_path), "--only"]
    assert gpu.main([*asked, "all_dropout_0", "questions"]) == 0
    rows = json.loads((tmp_path / "cost.json").read_text())["rows"]
    assert [row["case"].split(",")[0] for row in rows] == ["all", "3 questions", "3 questions"]
    assert rows[0]["times"] is None
    assert gpu.main([*asked, "questions"]) == 2
    assert "holds measurements of all_dropout_0, which" in capsys.readouterr().err
    assert gpu.main([*asked, "everything"]) == 2
    assert "known are stock, supervised_logits, " in capsys.readouterr().err


def test_without_a_gpu_it_says_what_to_do(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 2
    assert "--quick" in capsys.readouterr().err


def test_rows_have_the_published_shape() -> None:
    subject = Subject(torch.device("cpu"), quick=True)
    rows = subject.rows(30.0, 2, heard=True)
    assert [len(row) for row in rows] == [900, 900]
    assert rows[0].features.shape == (750, subject.sizes[1])
    lengths = {len(row.features) for row in subject.rows((10.0, 30.0), 20, heard=True)}
    assert min(lengths) >= 250 and max(lengths) <= 750 and len(lengths) > 10  # noqa: PT018


def test_what_does_not_fit_is_a_row_and_other_errors_are_errors() -> None:
    def too_much() -> Took:
        raise torch.OutOfMemoryError("CUDA out of memory")

    def wrong() -> Took:
        raise RuntimeError("shapes differ")

    assert attempt(too_much) == (None, "out of memory")
    with pytest.raises(RuntimeError, match="shapes differ"):
        attempt(wrong)


def test_the_table_relates_a_row_to_the_stock_stack_and_to_the_least_work() -> None:
    rows = [Row("stock", 30, Took(2.0, 30.0, 100, 4, 1.5), 1e12, 2.0), Row("all", 30, Took(0.5, 12.0, 100, 4, 1.5), 1e12, 2.0)]
    lines = table([*rows, Row("large", 30, None, failure="out of memory")], 10e12).splitlines()
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == ["all", "30 s", "0.5", "4.00", "200", "12.0", "20 %", "1.5000"]
    assert "out of memory" in lines[4]
