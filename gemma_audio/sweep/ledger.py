"""The cells of a sweep on disk: what was planned (sweep.json), and how far each cell is (status.json)."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gemma_audio.config.checks import arm_of
from gemma_audio.config.schema import Config
from gemma_audio.errors import StoreError
from gemma_audio.sweep.provenance import command, versions
from gemma_audio.sweep.redact import redact, redact_text
from gemma_audio.sweep.seal import write_json

TAIL = 20  # lines of a traceback or a log that status.json keeps
INTERRUPTED = "interrupted before it was done; the same command goes on where it stopped"


@dataclass(frozen=True)
class Cell:
    """One run of a sweep: its config, the overrides that made it, and its folder (absolute)."""

    index: int
    config: Config
    overrides: tuple[str, ...]
    folder: Path

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def arm(self) -> str:
        return arm_of(self.config)

    @property
    def seed(self) -> int:
        return self.config.seed

    @property
    def store(self) -> Path:
        return Path(self.config.out).expanduser().absolute() / "store"


def new_folder(config: Config, *, multirun: bool) -> Path:
    """Make a new folder for this command: `<out>/sweeps/<name>/<stamp>` with -m, else `<out>/runs/<date>/<time>-<name>`.

    Raises StoreError where it cannot be made.
    """
    out, now = Path(config.out).expanduser().absolute(), datetime.now()
    if multirun:
        wanted = out / "sweeps" / (config.sweep.name if config.sweep else "adhoc") / f"{now:%Y-%m-%d_%H-%M-%S}"
    else:
        wanted = out / "runs" / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{config.name}"
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        for folder in (wanted, *(wanted.with_name(f"{wanted.name}-{number}") for number in range(2, 100))):
            with suppress(FileExistsError):  # another command of the same second
                folder.mkdir()
                return folder
    except OSError as error:
        raise StoreError(f"{wanted} cannot be made ({error.strerror}). Type out=FOLDER.") from None
    raise StoreError(f"{wanted} and 98 like it exist. Type out=FOLDER.")


def write_sweep(folder: Path, cells: Sequence[Cell], argv: Sequence[str]) -> dict[str, Any]:
    """Write sweep.json before the first cell starts, so that cells that never start are known; returns its content."""
    first, arms = cells[0].config, list(dict.fromkeys(cell.arm for cell in cells))
    planned = first.sweep
    order = [arm for arm in (planned.arms if planned else []) if arm in arms]
    order += [arm for arm in arms if arm not in order]
    document = {
        "schema": 1,
        "name": planned.name if planned else folder.parent.name,
        "stamp": folder.name,
        "command": command(argv),
        "axis": planned.axis if planned else "recipe",
        "baseline": planned.baseline if planned else order[0],
        "treatment": planned.treatment if planned else order[-1],
        "alpha": planned.alpha if planned else 0.05,
        "arms": order,
        "decision": planned.decision if planned else "none declared before the runs; exploratory",
        "factors": dict(planned.factors) if planned else {},
        "select": str(first.probe.keep) if first.probe else "last",
        "cells": [_row(cell) for cell in cells],
        "versions": versions(),
        "config": asdict(first),
    }
    clean: dict[str, Any] = redact(document)
    write_json(folder / "sweep.json", clean)
    return clean


def write_run(cell: Cell, argv: Sequence[str]) -> None:
    """Write run.json, what sweep.json is to a sweep, into the folder of a run of its own: command, versions and config."""
    cell.folder.mkdir(parents=True, exist_ok=True)
    document = {"schema": 1, "command": command(argv), "versions": versions(), "config": asdict(cell.config)}
    write_json(cell.folder / "run.json", redact(document))


def write_status(folder: Path, state: str, error: dict[str, Any] | None = None, work: str | None = None) -> None:
    """Write status.json: state (planned, running, finished, failed), error, times (UTC) and seconds since it was running.

    `work` is the step of work that a running cell began; one that failed keeps it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now, before = datetime.now(UTC), read_status(folder)
    begins = state == "running" and work is None
    started = now.isoformat() if begins else before.get("started")
    ended = now.isoformat() if state in ("finished", "failed") else None
    seconds = round((now - datetime.fromisoformat(started)).total_seconds(), 2) if started and ended else None
    work = work or (before.get("work") if state == "failed" else None)
    document = {"state": state, "work": work, "error": error, "started": started, "ended": ended, "seconds": seconds}
    write_json(folder / "status.json", document)


def read_status(folder: Path) -> dict[str, Any]:
    """status.json of a cell; a state of "missing" where there is none that can be read."""
    try:
        return dict(json.loads((folder / "status.json").read_text()))
    except (OSError, ValueError, TypeError):
        return {"state": "missing", "error": None}


def keep_log_tail(folder: Path) -> None:
    """Copy the end of a failed cell's run.log, which must be without secrets by now, to the error in its status.json.

    An interrupt needs no explanation, and so keeps nothing.
    """
    status = read_status(folder)
    if isinstance(error := status.get("error"), dict):
        lines = (folder / "run.log").read_text(errors="replace").splitlines()
        said = [line for line in lines if line.strip(" ^~")]  # without the marks under a traceback's lines
        error["log_tail"] = [] if error.get("message") == INTERRUPTED else said[-TAIL:]
        write_json(folder / "status.json", status)


def error_of(error: BaseException) -> dict[str, str]:
    """An exception as status.json keeps it: type, message and the end of its traceback, without secrets."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    message = INTERRUPTED if _is_interrupt(error) else str(error) or type(error).__name__
    return {
        "type": type(error).__name__,
        "message": redact_text(message),
        "traceback_tail": redact_text("\n".join(lines[-TAIL:])),
    }


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C or SIGTERM is behind an exception; Lightning turns the first into SystemExit and the second into its own."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "SIGTERMException":
            return True
        error = error.__cause__ or error.__context__
    return False


def _row(cell: Cell) -> dict[str, Any]:
    return {
        "index": cell.index,
        "name": cell.name,
        "arm": cell.arm,
        "seed": cell.seed,
        "overrides": list(cell.overrides),
        "folder": cell.folder.name,
    }
