"""A sweep folder as tidy frames: cells, distinct runs, and one row per (run, item)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gemma_audio.errors import GemmaAudioError
from gemma_audio.report.cell import Cell, read_cell, read_object
from gemma_audio.report.controls import COLUMNS as CONTROLS
from gemma_audio.report.scores import COLUMNS, CORRECT, OPTIONAL, DamagedFile

REQUIRED = ("name", "baseline", "treatment", "arms", "cells")


@dataclass(frozen=True)
class Run:
    """One distinct set of weights of an arm, and the cells that ended in it.

    `stages` are the entries of result.json (name, fingerprint, steps and, where known, lr and lr_by_part), `sounds` says where
    the clips were, `folder` is that of the first cell; all are empty where the rows came from elsewhere.
    """

    arm: str
    run: str
    cells: tuple[str, ...]
    trained: bool
    benchmark: dict[str, Any] = field(repr=False)
    stages: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    seeds: tuple[int, ...] = ()
    evaluation: str = ""
    sounds: dict[str, Any] | None = field(default=None, repr=False)
    folder: Path | None = None


def no_controls() -> pd.DataFrame:
    """The controls of a sweep that asked for none."""
    return pd.DataFrame(columns=["arm", "run", *CONTROLS])


@dataclass(frozen=True)
class Sweep:
    """A sweep as found on disk. `rows` has the columns arm, run and those of scores.csv, one row per (arm, run, item).

    `controls` has arm, run, condition, id and `correct_*`, one row per (arm, run, condition, item).
    """

    folder: Path
    spec: dict[str, Any]
    cells: list[Cell]
    runs: list[Run]
    rows: pd.DataFrame = field(repr=False)
    notes: list[str]
    controls: pd.DataFrame = field(default_factory=no_controls, repr=False)

    @property
    def arms(self) -> list[str]:
        """Arms in the order of the sweep file, then any that only a cell names."""
        return list(dict.fromkeys([*map(str, self.spec["arms"]), *(cell.arm for cell in self.cells)]))

    @property
    def primary(self) -> tuple[str, str]:
        """The declared (treatment, baseline)."""
        return str(self.spec["treatment"]), str(self.spec["baseline"])

    @property
    def alpha(self) -> float:
        """Two-sided level of every test; intervals have confidence 1 - alpha."""
        return float(self.spec.get("alpha", 0.05))


def read_sweep(folder: Path) -> Sweep:
    """Read a sweep folder, finished or not. GemmaAudioError only when sweep.json itself cannot be used."""
    return assemble(folder, _spec(folder / "sweep.json"))


def assemble(folder: Path, spec: dict[str, Any]) -> Sweep:
    """The cells that `spec` (the content of a sweep.json) names, as found under `folder`."""
    cells = [read_cell(folder, planned) for planned in spec["cells"]]
    runs: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.result is not None:
            runs.setdefault((cell.arm, cell.result.run), []).append(cell)
    distinct = [_run(members) for members in runs.values()]
    notes = [note for members in runs.values() for note in _disagreements(members)] + [cell.note for cell in cells if cell.note]
    return Sweep(folder, spec, cells, distinct, _tidy(runs), notes, _controls(runs))


def _spec(path: Path) -> dict[str, Any]:
    try:
        spec = read_object(path)
    except DamagedFile as damage:
        raise GemmaAudioError(f"{path}: {damage}\n    Give the folder of a sweep: the one that holds sweep.json.") from damage
    absent = [key for key in REQUIRED if key not in spec]
    if absent:
        raise GemmaAudioError(f"{path}: lacks {', '.join(absent)}; run the sweep's command again to have it rewritten")
    for cell in spec["cells"]:
        if not isinstance(cell, dict) or not {"name", "arm", "folder"} <= cell.keys():
            raise GemmaAudioError(f"{path}: the cell {cell!r} lacks name, arm or folder; run the sweep's command again")
    return spec


def _run(cells: list[Cell]) -> Run:
    first, names, seeds = cells[0], tuple(cell.name for cell in cells), tuple(sorted({cell.seed for cell in cells}))
    result = first.result
    assert result is not None
    about: dict[str, Any] = {"seeds": seeds, "evaluation": result.evaluation, "sounds": result.sounds, "folder": first.folder}
    return Run(first.arm, result.run, names, bool(result.stages), result.benchmark, result.stages, **about)


def _disagreements(cells: list[Cell]) -> list[str]:
    """Cells of one run should hold the same answers; where they do not, the first is used and that is said."""
    first, notes = cells[0], []
    assert first.rows is not None
    keys = ["id", *CORRECT]
    for other in cells[1:]:
        assert other.rows is not None
        differing = len(first.rows[keys].merge(other.rows[keys], how="outer", indicator=True).query("_merge != 'both'"))
        if differing:
            notes.append(f"{other.name} is the same run as {first.name}, but its answers differ; {first.name} is used")
    return notes


def _tidy(runs: dict[tuple[str, str], list[Cell]]) -> pd.DataFrame:
    frames = [cells[0].rows.assign(arm=arm, run=run) for (arm, run), cells in runs.items() if cells[0].rows is not None]
    columns = ["arm", "run", *COLUMNS, *OPTIONAL]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _controls(runs: dict[tuple[str, str], list[Cell]]) -> pd.DataFrame:
    """The controls of each run: those of its first cell that has any."""
    found = {key: next((c.controls for c in cells if c.controls is not None), None) for key, cells in runs.items()}
    frames = [frame.assign(arm=arm, run=run) for (arm, run), frame in found.items() if frame is not None]
    return pd.concat(frames, ignore_index=True) if frames else no_controls()
