"""The true wandb, offline; what it wrote is read back with its own `wandb leet inspect`."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gemma_audio.config import load_config
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.weights_and_biases import AXIS, run_id

pytest.importorskip("wandb")
HERE = Path(__file__).parent
ADDED = ("_runtime", "_timestamp")
CANARY = "canary-0123456789abcdef"
CODE = """import sys, dataclasses, fake_rooms
from gemma_audio.cli.main import main
rooms = dataclasses.replace(fake_rooms.ROOMS, preload=("lightning.pytorch.loggers", "wandb"))
sys.exit(main(["gemma-audio", *sys.argv[1:]], rooms))"""


def environment(folder: Path) -> dict[str, str]:
    """This process's environment, not logged in, with a secret in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    places = {name: str(folder / "wandb-files") for name in ("WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")}
    return {**kept, **places, "NETRC": str(folder / "netrc"), "SOME_TOKEN": CANARY, "WANDB_ERROR_REPORTING": "false"}


def run(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CODE, *words, f"out={out}"]
    return subprocess.run(command, cwd=HERE, env=environment(out), capture_output=True, text=True, check=False)


def records(file: Path, home: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def of_type(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record[kind] for record in found if record["type"] == kind]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def history(found: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Rows of a run by its own step, as numbers, without what wandb adds."""
    kept = [{key: value for key, value in row["item"].items() if key not in ADDED} for row in of_type(found, "history")]
    assert all(row.pop("_step") == row.pop(AXIS) for row in kept)
    return kept


def curves(cell: Path) -> list[dict[str, float]]:
    """The rows of a cell's metrics.csv as W&B should have them."""
    rows = table(cell / "metrics.csv")
    return [{f"{row['stage']}/{key}": float(row[key]) for key in row if key not in ("step", "stage")} for row in rows]


def final(found: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for update in of_type(found, "summary"):
        merged.update(update.get("update", {}))
    return merged


def test_a_run_per_cell_mirrors_everything_and_holds_no_secret(tmp_path: Path) -> None:
    words = ["-m", "sweep=v2_v3", "recipe=base,v2", "sweep.arms=[base,v2]", "sweep.baseline=base", "sweep.treatment=v2"]
    words += ["seed=0", "experiment=smoke", f"sweep.decision={CANARY}", "tracker.wandb.project=study"]
    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    files = sorted(tmp_path.glob("sweeps/v2_v3/*/*/wandb/offline-run-*/*.wandb"))
    cells = [file.parents[2] for file in files]
    assert [cell.name for cell in cells] == ["0-base-seed0", "1-v2-seed0"]
    read = [records(file, tmp_path) for file in files]
    runs = [of_type(found, "run")[0] for found in read]
    assert [entry["display_name"] for entry in runs] == ["base-seed0", "v2-seed0"]
    assert {entry["run_group"] for entry in runs} == {f"v2_v3/{cells[0].parent.name}"}
    assert {entry["project"] for entry in runs} == {"study"}
    assert [entry["job_type"] for entry in runs] == ["eval", "train"]
    assert [entry["tags"] for entry in runs] == [[arm, "v2_v3", "tiny", "embedded", "smoke"] for arm in ("base", "v2")]
    assert len({entry["run_id"] for entry in runs}) == 2
    assert [of_type(found, "exit")[0].get("exit_code", 0) for found in read] == [0, 0]
    assert [history(found) for found in read] == [curves(cell) for cell in cells]
    assert len(history(read[1])) == 6
    for cell, found in zip(cells, read, strict=True):
        check_summary(cell, final(found))
    planned = json.loads((cells[0].parent / "sweep.json").read_text())["config"]
    config = of_type(read[0], "config")[0]["update"]
    assert {key: config[key] for key in ("model", "data", "evaluation", "trainer")} == {
        key: planned[key] for key in ("model", "data", "evaluation", "trainer")
    }
    assert config["sweep"]["decision"] == "[redacted]"
    assert [file for file in tmp_path.glob("sweeps/**/*") if file.is_file() and CANARY.encode() in file.read_bytes()] == []


def check_summary(cell: Path, summary: dict[str, Any]) -> None:
    """Accuracies as pandas counts them in scores.csv."""
    scores = pd.read_csv(cell / "scores.csv")
    assert summary["accuracy/official"] == pytest.approx(scores["correct_official"].mean())
    assert summary["accuracy/strict"] == pytest.approx(scores["correct_strict"].mean())
    for group, column in (("domain", "task"), ("subcategory", "subcategory")):
        prefix = f"accuracy/{group}/"
        found = {key.removeprefix(prefix): value for key, value in summary.items() if key.startswith(prefix)}
        assert found == pytest.approx(scores.groupby(column)["correct_official"].mean().to_dict())


def test_a_cell_that_goes_on_continues_its_run_in_another_folder(tmp_path: Path) -> None:
    words = ["recipe.stages.adapter.mix.sources=[half]", "recipe=v3"]
    assert [run(tmp_path, *words).returncode for _ in range(2)] == [1, 0]
    files = sorted(tmp_path.glob("runs/*/*/wandb/offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime)
    first, second = (records(file, tmp_path) for file in files)
    assert of_type(first, "run")[0]["run_id"] == of_type(second, "run")[0]["run_id"]
    assert [of_type(found, "exit")[0].get("exit_code", 0) for found in (first, second)] == [1, 0]
    assert of_type(second, "run")[0]["resume"] is True
    assert len(history(first)) == 2
    assert history(second)[:2] == history(first), "the newest file is the whole run"
    assert history(second) == curves(files[1].parents[2])
    assert len(history(second)) == 3


def test_the_id_is_that_of_the_work() -> None:
    def cell(*words: str, folder: str = "0-a") -> Cell:
        return Cell(0, load_config(*words), words, Path(folder))

    same = {run_id("s", cell(folder=folder), "eval-1", stamp) for folder, stamp in (("0-a", "monday"), ("3-a", "friday"))}
    assert len(same) == 1
    assert same == {run_id("s", cell("engine.parallel=2"), "eval-1", "later")}, "where and how fast does not count"
    others = [("t", cell(), "eval-1"), ("s", cell(), "eval-2"), ("s", cell("seed=1"), "eval-1")]
    assert len({run_id(*other, "monday") for other in others} - same) == 3
    assert len({run_id("s", cell("reuse=never"), "eval-1", stamp) for stamp in ("monday", "friday")} - same) == 2


def test_without_wandb_a_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "wandb.py").write_text("raise ImportError('not installed')\n")
    command = [sys.executable, "-c", CODE, f"out={tmp_path}"]
    places = {**environment(tmp_path), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=HERE, env=places, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (log,) = tmp_path.glob("runs/*/*/run.log")
    assert log.read_text().count("W&B is off for this cell") == 1
