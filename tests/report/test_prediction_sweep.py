"""Prediction files as a sweep, and a sweep's report made again by the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gemma_audio.cli.evaluate.main import app
from gemma_audio.evaluation.answer_key import read_key
from gemma_audio.evaluation.prediction_file import read_predictions
from gemma_audio.evaluation.scorecard import Scorecard, score_file
from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.files import sweep_of
from gemma_audio.report.write import write_files


def cards(maker: Any, folder: Path, *shifts: float) -> list[Scorecard]:
    """One scorecard per shift, over the maker's questions as a benchmark file."""
    folder.mkdir()
    rows = [{**item, "choices": json.loads(item["choices"])} for item in maker.items]
    (folder / "quiz.json").write_text(json.dumps(rows))
    key = read_key(folder / "quiz.json")
    found = []
    for number, shift in enumerate(shifts):
        answers = maker.answers(shift)
        said = [
            {"id": row["id"], "text": row["answer"] if right else "=HYPERLINK(<b>no</b>)"}
            for row, right in zip(rows, answers, strict=True)
        ]
        path = folder / f"run{number}.json"
        path.write_text(json.dumps(said))
        found.append(score_file(key, read_predictions(path)))
    return found


def right(card: Scorecard) -> np.ndarray:
    return np.array([int(entry.readings.official) for entry in card.entries])


def test_files_give_the_same_comparison_as_cells_with_the_same_answers(maker: Callable[..., Any], tmp_path: Path) -> None:
    made = maker(3).plan({"v2": 2, "v3": 2})
    scored = cards(made, tmp_path / "files", 0.0, 0.05, 0.1, 0.15)
    sweep = sweep_of({"v2": scored[:2], "v3": scored[2:]}, ("v3", "v2"), tmp_path / "out")
    for name, card in zip(("v2-seed0", "v2-seed1", "v3-seed0", "v3-seed1"), scored, strict=True):
        made.finish(name, right(card))
    files, cells = compare_sweep(sweep), compare_sweep(read_sweep(made.folder))
    for key in ("pairs", "subcategories", "heterogeneity", "baselines"):
        assert files[key] == pytest.approx(cells[key]) if key == "baselines" else files[key] == cells[key], key
    assert files["arms"]["v3"]["accuracy"] == cells["arms"]["v3"]["accuracy"]
    assert files["arms"]["v3"]["unparsed"] == pytest.approx(1 - files["arms"]["v3"]["accuracy"])


def test_hostile_answers_and_choices_are_written_and_shown_as_text(maker: Callable[..., Any], tmp_path: Path) -> None:
    one, two = cards(maker(4), tmp_path / "files", 0.0, 0.2)
    page = write_files(sweep_of({"<b>a</b>": [one], "b": [two]}, ("b", "<b>a</b>"), tmp_path / "out"), tmp_path / "out")
    assert "<b>a</b>" not in page.read_text()
    assert "<script>alert" not in page.read_text()


def report(*words: object, code: int = 0) -> tuple[str, str]:
    done = CliRunner().invoke(app, ["report", *map(str, words)])
    assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
    return done.stdout, done.stderr


def test_a_sweeps_report_is_made_again(full: Any) -> None:
    stdout, _ = report(full.folder, "--json")
    assert json.loads(stdout) == json.loads((full.folder / "report" / "comparison.json").read_text())
    assert (full.folder / "report" / "index.html").is_file()
    stdout, _ = report(full.folder)
    assert "report: " in stdout
    assert "recipe: " in stdout


def test_a_single_seed_and_failed_cells_are_reported(maker: Callable[..., Any]) -> None:
    sweep = maker(2).plan({"v2": 1, "v3": 2})
    sweep.finish("v2-seed0", sweep.answers())
    sweep.finish("v3-seed0", sweep.answers(0.1))
    sweep.status("v3-seed1", "failed", {"type": "ValueError", "message": "no", "traceback_tail": ["x"]})
    found = json.loads(report(sweep.folder, "--json")[0])
    assert [cell["name"] for cell in found["cells"]["failed"]] == ["v3-seed1"]
    assert found["pairs"][0]["scope"] == "these runs"
    assert "1 failed" in report(sweep.folder)[0]


def test_a_sweep_without_a_finished_cell_is_reported(maker: Callable[..., Any]) -> None:
    sweep = maker(2).plan({"v2": 1, "v3": 1})
    assert "No verdict yet" in report(sweep.folder)[0]


@pytest.mark.parametrize(("content", "said"), [(None, "is an empty folder"), ("{}", "lacks name"), ("[", "cannot be read")])
def test_other_folders_are_refused(tmp_path: Path, content: str | None, said: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    if content is not None:
        (folder / "sweep.json").write_text(content)
    stdout, stderr = report(folder, code=2)
    assert stdout == ""
    assert said in stderr
    assert "sweep" in stderr


def test_a_folder_without_sweep_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    assert "it holds no sweep.json" in report(tmp_path, code=2)[1]
