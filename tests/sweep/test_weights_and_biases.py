"""The true wandb, offline; what it wrote is read back with its own `wandb leet inspect`."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from wandb_files import CANARY, environment, exit_code, files, final, history, login, of_type, records, run
from wandb_stand_in import stand_in

from gemma_audio.config import load_config
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.weights_and_biases import run_id

pytest.importorskip("wandb")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def curves(cell: Path) -> list[dict[str, float]]:
    """The rows of a cell's metrics.csv as W&B should have them."""
    rows = table(cell / "metrics.csv")
    return [{f"{row['stage']}/{key}": float(row[key]) for key in row if key not in ("step", "stage")} for row in rows]


def test_a_run_per_cell_mirrors_everything_and_holds_no_secret(tmp_path: Path) -> None:
    words = ["-m", "sweep=smoke", "recipe=base,v2", "sweep.arms=[base,v2]", "sweep.baseline=base", "sweep.treatment=v2"]
    words += ["seed=0", f"sweep.decision={CANARY}", "tracker.wandb.project=study"]
    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    read = {of_type(found, "run")[0]["display_name"]: found for found in (records(file, tmp_path) for file in files(tmp_path))}
    (sweep,) = tmp_path.glob("sweeps/smoke/*")
    check_cells(sweep, [read.pop("base-seed0"), read.pop("v2-seed0")])
    check_comparison(sweep, read.pop("smoke: v2 - base"))
    assert not read
    assert [file for file in tmp_path.glob("sweeps/**/*") if file.is_file() and CANARY.encode() in file.read_bytes()] == []
    check_upload(done.stdout, tmp_path)


def check_cells(sweep: Path, read: list[list[dict[str, Any]]]) -> None:
    cells = [sweep / "0-base-seed0", sweep / "1-v2-seed0"]
    runs = [of_type(found, "run")[0] for found in read]
    assert {entry["run_group"] for entry in runs} == {f"smoke/{sweep.name}"}
    assert {entry["project"] for entry in runs} == {"study"}
    assert [entry["job_type"] for entry in runs] == ["eval", "train"]
    assert [entry["tags"] for entry in runs] == [[arm, "smoke", "tiny", "embedded"] for arm in ("base", "v2")]
    assert len({entry["run_id"] for entry in runs}) == 2
    assert [exit_code(found) for found in read] == [0, 0]
    assert [history(found) for found in read] == [curves(cell) for cell in cells]
    assert len(history(read[1])) == 6
    for cell, found in zip(cells, read, strict=True):
        check_summary(cell, final(found))
    planned = json.loads((sweep / "sweep.json").read_text())["config"]
    configs = [of_type(found, "config")[0]["update"] for found in read]
    assert [(config["recipe"]["name"], config["arm"], config["seed"]) for config in configs] == [
        ("base", "base", 0),
        ("v2", "v2", 0),
    ]
    config = configs[0]
    assert {key: config[key] for key in ("model", "data", "evaluation", "trainer")} == {
        key: planned[key] for key in ("model", "data", "evaluation", "trainer")
    }
    assert config["sweep"]["decision"] == "[redacted]"


def check_comparison(sweep: Path, found: list[dict[str, Any]]) -> None:
    """The comparison stands beside the cells and holds the report's figures."""
    entry, comparison = of_type(found, "run")[0], json.loads((sweep / "report" / "comparison.json").read_text())
    assert (entry["run_group"], entry["job_type"], entry["project"]) == (f"smoke/{sweep.name}", "comparison", "study")
    assert exit_code(found) == 0
    (row,) = (record["item"] for record in of_type(found, "history"))
    media = {name: next(sweep.glob(f"wandb/*/files/{row[f'{name}.path']}")) for name in ("deltas", "items", "figure")}
    deltas = pd.read_csv(sweep / "report" / "deltas.csv")
    logged = json.loads(media["deltas"].read_text())
    assert logged["columns"] == list(deltas.columns)
    assert pd.DataFrame(logged["data"], columns=logged["columns"])["delta"].tolist() == pytest.approx(deltas["delta"].tolist())
    assert (sweep / "report" / "deltas.svg").read_text().split("<svg")[1] in media["figure"].read_text()
    items = json.loads(media["items"].read_text())
    scores = pd.read_csv(sweep / "1-v2-seed0" / "scores.csv").set_index("id")["correct_official"]
    right = pd.DataFrame(items["data"], columns=items["columns"]).set_index("id")["v2 right"]
    assert right.to_dict() == scores.to_dict()
    primary = next(pair for pair in comparison["pairs"] if pair["primary"] and pair["decides"])
    summary = final(found)
    assert [summary[key] for key in ("delta", "p", "interval/low", "interval/high")] == pytest.approx(
        [primary["delta"], primary["p"], *primary["interval"]]
    )
    assert summary["verdict"].startswith("recipe: not decided")


def check_upload(printed: str, home: Path) -> None:
    """The line that the command printed, once, uploads all of its runs."""
    (line,) = re.findall(r"^to upload: wandb (sync \S+)$", printed, re.MULTILINE)
    with stand_in() as service:
        command = [sys.executable, "-m", "wandb", *line.split()]
        places = environment(home, **login(service.url))
        done = subprocess.run(command, env=places, capture_output=True, text=True, check=True, timeout=60)
    told = {about["displayName"]: run for run, about in service.runs.items()}
    assert set(told) == {"base-seed0", "v2-seed0", "smoke: v2 - base"}, done.stdout + done.stderr
    assert service.exits == dict.fromkeys(told.values(), 0)
    assert len(service.history(told["v2-seed0"])) == 6
    assert sorted(one.name for one in service.artifacts) == [
        f"run-{told['smoke: v2 - base']}-{name}" for name in ("deltas", "items")
    ]


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
    words = ["recipe.stages.adapter.mix.sources=[half]", "recipe=v3", "probe=dev"]
    done = run(tmp_path, *words, TIMES="2")
    assert "exit codes: [1, 0]" in done.stdout, done.stdout + done.stderr
    written = files(tmp_path)
    first, second = (records(file, tmp_path) for file in written)
    assert of_type(first, "run")[0]["run_id"] == of_type(second, "run")[0]["run_id"]
    assert [exit_code(found) for found in (first, second)] == [1, 0]
    assert of_type(second, "run")[0]["resume"] is True
    assert history(second)[:3] == history(first), "the newest file is the whole run"
    probed = [{"adapter_tune/dev/accuracy": step / 4} for step in range(4)]
    logged = [{}, *curves(written[1].parents[2])]
    assert history(second) == [{**row, **probe} for row, probe in zip(logged, probed, strict=True)]


def test_the_id_is_that_of_the_work() -> None:
    def cell(*words: str, folder: str = "0-a") -> Cell:
        return Cell(0, load_config(*words), words, Path(folder))

    same = {run_id("s", cell(folder=folder), "eval-1", stamp) for folder, stamp in (("0-a", "monday"), ("3-a", "friday"))}
    assert len(same) == 1
    assert same == {run_id("s", cell("engine.parallel=2"), "eval-1", "later")}, "where and how fast does not count"
    others = [("t", cell(), "eval-1"), ("s", cell(), "eval-2"), ("s", cell("seed=1"), "eval-1")]
    assert len({run_id(*other, "monday") for other in others} - same) == 3
    assert len({run_id("s", cell("reuse=never"), "eval-1", stamp) for stamp in ("monday", "friday")} - same) == 2


def test_without_wandb_a_sweep_goes_on(tmp_path: Path) -> None:
    (tmp_path / "wandb.py").write_text("raise ImportError('not installed')\n")
    done = run(tmp_path, "-m", "recipe=base,v3", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    logs = [log.read_text() for log in tmp_path.glob("sweeps/*/*/*/run.log")]
    assert [log.count("W&B is off for this cell") for log in logs] == [1, 1]
    assert done.stderr == "gemma-audio: W&B is off for the comparison: ImportError: not installed\n"
    assert "to upload" not in done.stdout
