"""What was seen while training: loss curves, probes on the dev split, learning rates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.report.cell import Cell
from gemma_audio.report.collect import Sweep
from gemma_audio.report.scores import DamagedFile

POINTS = 200
PROBE = ("stage", "step", "n", "accuracy")


def curves(sweep: Sweep) -> tuple[dict[str, Any], list[str]]:
    """Per arm one entry per run and stage with `step` and `loss`, at most POINTS of each; and what could not be read."""
    return _collected(sweep, "metrics.csv", ("stage", "step", "loss"), _curve)


def probes(sweep: Sweep) -> tuple[dict[str, Any], list[str]]:
    """Per arm one entry per run and stage with `step`, `accuracy` and `subcategories`; and what could not be read."""
    return _collected(sweep, "probes.csv", ("stage", "step", "accuracy"), _probe)


def rates(sweep: Sweep, arm: str) -> tuple[dict[str, Any], list[str]]:
    """Per stage of the arm lr, lr_by_part and steps, where result.json tells them; a remark where its runs differ."""
    known = [_rates(run.stages) for run in sweep.runs if run.arm == arm]
    if not known:
        return {}, []
    differ = any(other != known[0] for other in known[1:])
    return known[0], [f"{arm}: its runs had different steps or learning rates; those of the first are shown."] if differ else []


def _rates(stages: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    told = [stage for stage in stages if "lr" in stage]
    return {str(s["name"]): {"lr": s["lr"], "lr_by_part": s.get("lr_by_part") or {}, "steps": s.get("steps")} for s in told}


def _collected(sweep: Sweep, name: str, needed: tuple[str, ...], shape: Any) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    notes: list[str] = []
    cells = {cell.name: cell for cell in sweep.cells}
    for run in sweep.runs:
        table = _first(notes, [cells[member] for member in run.cells if member in cells], name, needed)
        for stage, rows in table.groupby("stage", sort=False) if table is not None else ():
            found.setdefault(run.arm, []).append({"run": run.run, "stage": str(stage), **shape(rows)})
    return found, notes


def _first(notes: list[str], cells: list[Cell], name: str, needed: tuple[str, ...]) -> pd.DataFrame | None:
    """The table of the first cell of a run that holds rows; damaged ones are noted."""
    for path in [cell.folder / name for cell in cells if cell.folder is not None and (cell.folder / name).exists()]:
        try:
            table = _read(path, needed)
        except DamagedFile as damage:
            notes.append(f"{path.parent.name}: {damage}; left out of the curves.")
            continue
        if len(table):
            return table
    return None


def _read(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """The file's rows, those without a step or a stage left out."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise DamagedFile(f"{path.name} cannot be read: {error}") from error
    absent = [column for column in needed if column not in table.columns]
    if absent:
        raise DamagedFile(f"{path.name} lacks {', '.join(absent)}")
    values = table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in table.columns if name != "stage"})
    whole = values.dropna(subset=list(needed))
    return whole[np.isfinite(whole[needed[-1]])]


def _curve(rows: pd.DataFrame) -> dict[str, Any]:
    whole = rows.drop_duplicates("step", keep="last").sort_values("step")
    kept = np.unique(np.linspace(0, len(whole) - 1, min(len(whole), POINTS)).round().astype(int))
    thin = whole.iloc[kept]
    return {"step": thin["step"].astype(int).tolist(), "loss": [round(value, 6) for value in thin["loss"].tolist()]}


def _probe(rows: pd.DataFrame) -> dict[str, Any]:
    whole = rows.drop_duplicates("step", keep="last").sort_values("step")
    named = [column for column in whole.columns if column not in PROBE and whole[column].notna().all()]
    return {
        "step": whole["step"].astype(int).tolist(),
        "accuracy": whole["accuracy"].tolist(),
        "subcategories": {str(name): whole[name].tolist() for name in named},
    }
