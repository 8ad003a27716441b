"""The true wandb, offline; what it wrote is read back with its own `wandb leet inspect`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("wandb")
HERE = Path(__file__).parent
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


def test_one_run_per_cell_grouped_by_sweep_with_curves_and_exit_code_and_no_secret(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", "sweep=v2_v3", "seed=0", f"sweep.decision={CANARY}", "tracker.wandb.project=study")
    assert done.returncode == 0, done.stdout + done.stderr
    files = sorted(tmp_path.glob("sweeps/v2_v3/*/*/wandb/offline-run-*/*.wandb"))
    assert [file.parts[-4].split("-", 1)[1] for file in files] == ["base-seed0", "v2-seed0", "v3-seed0"]
    read = [records(file, tmp_path) for file in files]
    runs = [of_type(found, "run")[0] for found in read]
    stamp = files[0].parts[-5]
    assert [entry["display_name"] for entry in runs] == ["base-seed0", "v2-seed0", "v3-seed0"]
    assert {entry["run_group"] for entry in runs} == {f"v2_v3/{stamp}"}
    assert {entry["project"] for entry in runs} == {"study"}
    assert len({entry["run_id"] for entry in runs}) == 3
    assert [len(of_type(found, "history")) for found in read] == [0, 6, 3]
    assert [of_type(found, "exit")[0].get("exit_code", 0) for found in read] == [0, 0, 0]
    assert [file for file in tmp_path.glob("sweeps/**/*") if file.is_file() and CANARY.encode() in file.read_bytes()] == []


def test_a_failed_cell_is_closed_as_failed(tmp_path: Path) -> None:
    assert run(tmp_path, "recipe.stages.adapter.sources=[raise]").returncode == 1
    (file,) = tmp_path.glob("runs/*/*/wandb/offline-run-*/*.wandb")
    assert of_type(records(file, tmp_path), "exit")[0]["exit_code"] == 1


def test_without_wandb_a_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "wandb.py").write_text("raise ImportError('not installed')\n")
    command = [sys.executable, "-c", CODE, f"out={tmp_path}"]
    places = {**environment(tmp_path), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=HERE, env=places, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (log,) = tmp_path.glob("runs/*/*/run.log")
    assert log.read_text().count("W&B is off for this cell") == 1
