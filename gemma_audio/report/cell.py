"""One cell of a sweep as found on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from gemma_audio.report.scores import DamagedFile, read_scores

State = Literal["finished", "failed", "missing"]
UNFINISHED = {"planned": "not started yet", "running": "still running, or stopped without saying so"}


@dataclass(frozen=True)
class Result:
    """What result.json says of a finished cell: its run, whether anything was trained for it, and its benchmark."""

    run: str
    trained: bool
    benchmark: dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A planned cell and what became of it; `result` and `rows` are None unless finished."""

    name: str
    arm: str
    seed: int
    state: State
    reason: str = ""
    last_line: str = ""
    result: Result | None = None
    rows: pd.DataFrame | None = field(default=None, repr=False)


def read_cell(sweep: Path, planned: Mapping[str, Any]) -> Cell:
    """Read one cell named in sweep.json. Damaged files make it a failed cell with the reason, never an exception."""
    name, arm, seed = str(planned["name"]), str(planned["arm"]), int(planned.get("seed", 0))
    folder = sweep / str(planned["folder"])
    if not (folder / "status.json").exists():
        return Cell(name, arm, seed, "missing", "never started")
    try:
        status = read_object(folder / "status.json")
        state = status.get("state")
        if state in UNFINISHED:
            return Cell(name, arm, seed, "missing", UNFINISHED[str(state)])
        if state != "finished":
            return Cell(name, arm, seed, "failed", *_error(status))
        result, rows = _result(folder / "result.json"), read_scores(folder / "scores.csv")
        _check_count(result, len(rows))
    except DamagedFile as damage:
        return Cell(name, arm, seed, "failed", str(damage))
    return Cell(name, arm, seed, "finished", result=result, rows=rows)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; DamagedFile when absent, unreadable or something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{path.name} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise DamagedFile(f"{path.name} holds {type(value).__name__}, expected an object")
    return value


def _error(status: Mapping[str, Any]) -> tuple[str, str]:
    """Reason and last traceback line."""
    error = status.get("error")
    if not isinstance(error, dict):
        return f"state {status.get('state')!r} without an error in status.json", ""
    tail = error.get("traceback_tail") or ""
    lines = [line for line in ("\n".join(map(str, tail)) if isinstance(tail, list) else str(tail)).splitlines() if line.strip()]
    return f"{error.get('type', 'error')}: {error.get('message', '')}", lines[-1].strip() if lines else ""


def _result(path: Path) -> Result:
    value = read_object(path)
    run, benchmark, stages = value.get("run"), value.get("benchmark"), value.get("stages")
    if not isinstance(run, str) or not run:
        raise DamagedFile(f"{path.name}: 'run' is {run!r}, expected the fingerprint of the weights")
    if not isinstance(stages, list):
        raise DamagedFile(f"{path.name}: 'stages' is {stages!r}, expected a list")
    if not isinstance(benchmark, dict) or not {"name", "sha256", "n"} <= benchmark.keys():
        raise DamagedFile(f"{path.name}: 'benchmark' must be an object with name, sha256 and n")
    return Result(run, bool(stages), benchmark)


def _check_count(result: Result, rows: int) -> None:
    stated, rejected = result.benchmark["n"], len(result.benchmark.get("rejected") or [])
    if stated not in (rows, rows + rejected):
        raise DamagedFile(f"scores.csv holds {rows} rows, result.json says the benchmark has {stated}")
