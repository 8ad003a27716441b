"""Commands that log to the true wandb, and what it wrote: run files read back with its own `wandb leet inspect`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from gemma_audio.sweep.weights_and_biases import AXIS

HERE = Path(__file__).parent
ADDED = ("_runtime", "_timestamp")
CANARY = "canary-0123456789abcdef"
CODE = """import os, sys, dataclasses, fake_rooms
from gemma_audio.cli.main import main
rooms = dataclasses.replace(fake_rooms.ROOMS, preload=("lightning.pytorch.loggers", "wandb"))
codes = [main(["gemma-audio", *sys.argv[1:]], rooms) for _ in range(int(os.environ.get("TIMES", "1")))]
print("exit codes:", codes)
sys.exit(codes[-1])"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """This process's environment, not logged in, with a secret in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    places = {name: str(folder / "wandb-files") for name in ("WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")}
    return {**kept, **places, "NETRC": str(folder / "netrc"), "SOME_TOKEN": CANARY, "WANDB_ERROR_REPORTING": "false", **more}


def run(out: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """gemma-audio with stand-ins for training and evaluation, in a process of its own; TIMES in `more` repeats the command."""
    command = [sys.executable, "-c", CODE, *words, f"out={out}"]
    return subprocess.run(command, cwd=HERE, env=environment(out, **more), capture_output=True, text=True, check=False)


def login(url: str) -> dict[str, str]:
    """Variables that send wandb to the service at `url`, logged in."""
    return {"WANDB_BASE_URL": url, "WANDB_API_KEY": "0123456789" * 4}


def files(out: Path) -> list[Path]:
    """The local run files of every command under `out`, by time."""
    found = out.glob("*/*/*/wandb/offline-run-*/*.wandb")
    return sorted(found, key=lambda path: (path.parent.name.split("-")[2], path.stat().st_mtime))


def records(file: Path, home: Path) -> list[dict[str, Any]]:
    """Every record of a run file."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def of_type(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The records of one kind."""
    return [record[kind] for record in found if record["type"] == kind]


def history(found: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Rows of a cell's run by its own step, as numbers, without what wandb adds."""
    kept = [{key: value for key, value in row["item"].items() if key not in ADDED} for row in of_type(found, "history")]
    assert all(row.pop("_step") == row.pop(AXIS) for row in kept)
    return kept


def final(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The summary after all updates."""
    merged: dict[str, Any] = {}
    for update in of_type(found, "summary"):
        merged.update(update.get("update", {}))
    return merged


def exit_code(found: list[dict[str, Any]]) -> int:
    """How a run ended; IndexError where it did not."""
    return int(of_type(found, "exit")[0].get("exit_code", 0))
