"""Which run a model card is about: named by a sweep's plan or by the user, never by its score."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.report.cell import Cell, read_object
from gemma_audio.report.collect import Run, Sweep, assemble, read_sweep
from gemma_audio.report.scores import DamagedFile

PLANNED = "the first that the sweep planned for its recipe, which was fixed before there was any result"
NAMED = "named {} by whoever made this card, and nothing here shows that it was fixed before the results were seen"
FIXED = ("model", "data")  # what all cells of a sweep must share for the sweep's config to describe each of them


@dataclass(frozen=True)
class Subject:
    """The sweep (of one cell for a run of its own), the reported cell and its run, the config, and how the seed was fixed."""

    sweep: Sweep
    cell: Cell
    run: Run
    config: dict[str, Any] = field(repr=False)
    record: dict[str, Any] = field(repr=False)
    alone: bool
    declared: str

    @property
    def arm(self) -> str:
        """The reported recipe."""
        return self.cell.arm


def subject(folder: Path, arm: str = "", seed: int | None = None) -> Subject:
    """The run that a card of `folder` (a sweep or a run) reports: of `arm` or the treatment, with `seed` or the first planned.

    GemmaAudioError where there is none, it has not finished, or nothing was trained for it.
    """
    if folder.name == "result.json":  # the path that a run prints
        folder = folder.parent
    if (folder / "sweep.json").exists():
        return _of_sweep(folder, arm, seed)
    if not (folder / "result.json").exists():
        raise _refusal(str(folder), "holds neither sweep.json nor result.json", "give the folder of a sweep or of a finished run")
    found = _of_cell(folder.resolve()) if (folder.resolve().parent / "sweep.json").exists() else _of_run(folder)
    _same(folder, found.cell, arm, seed)
    return found


def _same(folder: Path, cell: Cell, arm: str, seed: int | None) -> None:
    """Refuse another arm or seed than that of the one run that was given."""
    for option, asked, held in (("--arm", arm or cell.arm, cell.arm), ("--seed", cell.seed if seed is None else seed, cell.seed)):
        if asked != held:
            message = f"{asked!r} was asked for, and {folder} holds {held!r}"
            raise _refusal(option, message, f"leave {option} out, or give the folder of the sweep")


def _of_sweep(folder: Path, arm: str, seed: int | None) -> Subject:
    sweep = read_sweep(folder)
    wanted = arm or sweep.primary[0]
    planned = [cell for cell in sweep.cells if cell.arm == wanted]
    if not planned:
        raise _refusal("--arm", f"{wanted!r} is no arm of this sweep", f"allowed: {', '.join(sweep.arms)}")
    first = planned[0].seed
    number = first if seed is None else seed
    cell = next((cell for cell in planned if cell.seed == number), None)
    if cell is None:
        seeds = ", ".join(str(cell.seed) for cell in planned)
        raise _refusal("--seed", f"{number} is no seed of {wanted} in this sweep", f"allowed: {seeds}")
    how = PLANNED if number == first else f"{NAMED.format('with `--seed`')}; the sweep's first is {first}"
    return _subject(sweep, cell, sweep.spec, how, alone=False)


def _of_cell(folder: Path) -> Subject:
    sweep = read_sweep(folder.parent)
    names = [row["name"] for row in sweep.spec["cells"] if row["folder"] == folder.name]
    cell = next((cell for cell in sweep.cells if cell.name in names), None)
    if cell is None:
        raise _refusal(str(folder), "is no cell of the sweep in the folder above it", "give a folder that its sweep.json names")
    return _subject(
        sweep,
        cell,
        sweep.spec,
        PLANNED if cell is _first(sweep, cell.arm) else NAMED.format("by the folder of its run"),
        alone=False,
    )


def _first(sweep: Sweep, arm: str) -> Cell:
    return next(cell for cell in sweep.cells if cell.arm == arm)


def _of_run(folder: Path) -> Subject:
    try:
        result, record = read_object(folder / "result.json"), read_object(folder / "run.json")
    except DamagedFile as damage:
        raise _refusal(str(folder), str(damage), "type the run's command again: what is finished is reused") from damage
    arm, place = str(result.get("arm")), folder.resolve()
    cells = [{"name": str(result.get("name")), "arm": arm, "seed": result.get("seed", 0), "folder": place.name}]
    spec = {"name": place.name, "stamp": "", "baseline": arm, "treatment": arm, "arms": [arm], "cells": cells, **record}
    sweep = assemble(place.parent, spec)
    return _subject(sweep, sweep.cells[0], record, "the only one that was run", alone=True)


def _subject(sweep: Sweep, cell: Cell, record: dict[str, Any], declared: str, *, alone: bool) -> Subject:
    run = next((run for run in sweep.runs if cell.name in run.cells), None)
    if cell.result is None or run is None:
        remedy = "run the sweep's command again; a card does not take another seed by itself (name one with --seed)"
        raise _refusal(cell.name, f"is {cell.state} ({cell.reason})", remedy)
    if not run.trained:
        raise _refusal(
            cell.name, f"nothing was trained for {cell.arm}: there is no model of its own", "name another arm: --arm v3"
        )
    _same_base(sweep, cell)
    config = record.get("config")
    if not isinstance(config, dict) or not isinstance(config.get("model"), dict):
        raise _refusal(str(sweep.folder), "does not record its config", "run the command again: what is finished is reused")
    return Subject(sweep, cell, run, config, record, alone, declared)


def _same_base(sweep: Sweep, cell: Cell) -> None:
    """The recorded config is the first cell's: refuse where model or data differ between the two."""
    rows = sweep.spec["cells"]
    chosen = next(row for row in rows if row["name"] == cell.name)
    differing = set(chosen.get("overrides") or []) ^ set(rows[0].get("overrides") or [])
    for override in sorted(differing):
        if override.lstrip("+~").split("=")[0].split(".")[0].split("@")[0] in FIXED:
            remedy = "run that cell by itself and give its folder"
            raise _refusal(override, f"differs between {cell.name} and the sweep's first cell, whose config is recorded", remedy)


def _refusal(place: str, message: str, remedy: str) -> GemmaAudioError:
    return GemmaAudioError(str(Problem(place, message, remedy)))
