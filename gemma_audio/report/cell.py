"""One cell of a sweep as found on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from gemma_audio.report.controls import read_controls
from gemma_audio.report.scores import DamagedFile, read_scores

State = Literal["finished", "failed", "missing"]
UNFINISHED = {"planned": "not started yet", "running": "still running, or stopped without saying so"}


@dataclass(frozen=True)
class Result:
    """What result.json says of a finished cell: its run, the sealed stages behind it, its benchmark, where its clips are."""

    run: str
    stages: tuple[dict[str, Any], ...]
    benchmark: dict[str, Any]
    evaluation: str = ""
    sounds: dict[str, Any] | None = None


@dataclass(frozen=True)
class Cell:
    """A planned cell and what became of it; `result`, `rows` and `folder` are None unless finished, `controls` unless asked for.

    Of a failed one: the `stage` that it was in (empty where not known), the path of its log in the sweep's folder, the log's end.
    """

    name: str
    arm: str
    seed: int
    state: State
    reason: str = ""
    stage: str = ""
    log: str = ""
    log_tail: tuple[str, ...] = ()
    result: Result | None = None
    rows: pd.DataFrame | None = field(default=None, repr=False)
    controls: pd.DataFrame | None = field(default=None, repr=False)
    folder: Path | None = None
    note: str = ""


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
        log = f"{folder.name}/run.log" if (folder / "run.log").exists() else ""
        if state != "finished":
            return _failed(Cell(name, arm, seed, "failed", log=log), status)
        result, rows = _result(folder / "result.json"), read_scores(folder / "scores.csv")
        _check_count(result, len(rows))
    except DamagedFile as damage:
        return Cell(name, arm, seed, "failed", str(damage))
    finished = Cell(name, arm, seed, "finished", result=result, rows=rows, folder=folder)
    return _with_controls(finished, folder / "controls.csv")


def _with_controls(cell: Cell, path: Path) -> Cell:
    """The cell with its controls; a damaged file costs the controls, not the run, and is noted."""
    assert cell.rows is not None
    try:
        return replace(cell, controls=read_controls(path, cell.rows["id"]) if path.exists() else None)
    except DamagedFile as damage:
        return replace(cell, note=f"{cell.name}: its controls are left out, {damage}")


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; DamagedFile when absent, unreadable or something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{path.name} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise DamagedFile(f"{path.name} holds {type(value).__name__}, expected an object")
    return value


def _failed(cell: Cell, status: Mapping[str, Any]) -> Cell:
    """The cell with what status.json says of its error; where no log was kept, its traceback stands for the log's end."""
    error = status.get("error")
    if not isinstance(error, dict):
        return replace(cell, reason=f"state {status.get('state')!r} without an error in status.json")
    reason = f"{error.get('type', 'error')}: {error.get('message', '')}"
    tail = error.get("log_tail", error.get("traceback_tail")) or ""
    lines = "\n".join(map(str, tail)) if isinstance(tail, list) else str(tail)
    kept = tuple(line for line in lines.splitlines() if line.strip())
    return replace(cell, reason=reason, stage=str(status.get("work") or ""), log_tail=kept)


def _result(path: Path) -> Result:
    value = read_object(path)
    run, benchmark, stages = value.get("run"), value.get("benchmark"), value.get("stages")
    if not isinstance(run, str) or not run:
        raise DamagedFile(f"{path.name}: 'run' is {run!r}, expected the fingerprint of the weights")
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise DamagedFile(f"{path.name}: 'stages' is {stages!r}, expected a list of objects")
    if not isinstance(benchmark, dict) or not {"name", "sha256", "n"} <= benchmark.keys():
        raise DamagedFile(f"{path.name}: 'benchmark' must be an object with name, sha256 and n")
    sounds = value.get("sounds")
    evaluation = str(value.get("evaluation") or "")
    return Result(run, tuple(stages), benchmark, evaluation, sounds if isinstance(sounds, dict) else None)


def _check_count(result: Result, rows: int) -> None:
    stated, rejected = result.benchmark["n"], len(result.benchmark.get("rejected") or [])
    if stated not in (rows, rows + rejected):
        raise DamagedFile(f"scores.csv holds {rows} rows, result.json says the benchmark has {stated}")
