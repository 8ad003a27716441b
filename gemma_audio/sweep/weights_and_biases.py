"""A cell's mirror in Weights & Biases, through Lightning's logger: one run per cell, offline unless logged in."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import Reuse
from gemma_audio.config.schema import Tracker as Settings
from gemma_audio.sweep.curve import figures
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.lineage import Lineage
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.redact import redact
from gemma_audio.sweep.store import Stored
from gemma_audio.sweep.wandb_run import PROJECT, mode_of, options

LONGEST = 64  # characters of a tag
AXIS = "trainer/global_step"  # what the logger declares as the x-axis of all curves


class WandbTracker:
    """Raises whatever wandb raises; the caller guards it.

    W&B's step counts the steps of all stages of the cell in a row. A cell that goes on also logs what earlier attempts computed,
    so that its newest file is the whole run; online, W&B drops the steps that the run of this id has already.
    """

    def __init__(self, settings: Settings, cell: Cell, mirror: Mirror) -> None:
        mode = mode_of(settings)
        import wandb
        from lightning.pytorch.loggers import WandbLogger

        self._last = self._offset = 0
        self._tags = tags(cell)
        self._lineage = Lineage(settings, cell, mirror) if settings.artifacts else None
        self._logger = WandbLogger(
            project=settings.project or PROJECT,
            name=cell.name,
            id=mirror.run_id,
            group=mirror.group,
            job_type="train" if cell.config.recipe.stages else "eval",
            save_dir=mirror.folder,
            offline=mode == "offline",
            mode=mode,  # offline= only sets a variable that wandb has read by now
            resume="allow",
            tags=self._tags,
            settings=wandb.Settings(**options(settings)),
        )
        self._logger.log_hyperparams(redact({**asdict(cell.config), "arm": cell.arm, "overrides": list(cell.overrides)}))

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
        self._last = self._offset + step
        named = {f"{stage}/{name}": value for name, value in figures.items()}
        # Not the logger's log_metrics: it lets W&B count the calls, and a run that goes on would log its steps twice.
        self._logger.experiment.log({**named, AXIS: self._last}, step=self._last)

    def sealed(self, stage: str, rows: list[dict[str, str]], probes: list[dict[str, str]], stored: Stored) -> None:
        if stored.reused:  # its curves belong to this run as well
            for step, found in figures(rows, probes):
                self.log(stage, step, found)
        self._offset = self._last
        if self._lineage:
            self._lineage.stage(stored.path, self._tags)

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
        run = self._logger.experiment
        run.summary.update(summary or {})
        if self._lineage and summary:
            self._lineage.evaluation(run, summary["evaluation"])
        run.finish(exit_code=exit_code)


def tags(cell: Cell) -> list[str]:
    """Arm, sweep, model, data and, where one was chosen, experiment."""
    config = cell.config
    experiments = [word.partition("=")[2] for word in cell.overrides if word.lstrip("+").startswith("experiment=")]
    found = [cell.arm, config.sweep.name if config.sweep else "", config.model.name, config.data.name, *experiments]
    return [redact(tag)[:LONGEST] for tag in dict.fromkeys(found) if tag]


def run_id(sweep: str, cell: Cell, work: str, stamp: str) -> str:
    """The run's id. `work` names the cell's evaluation in the store, and so model, data, stages, seed and code.

    The same cell of the same sweep continues its run, whichever command and folder (`stamp`) it is in; other settings or other
    code are another run, and so is every command with reuse=never.
    """
    once = stamp if cell.config.reuse is Reuse.never else ""
    return hashlib.sha256(f"{sweep}/{cell.name}/{work}/{once}".encode()).hexdigest()[:16]


def group_of(folder: Path) -> str:
    """The group of all runs of a command: sweep and time, or date, time and name."""
    return f"{folder.parent.name}/{folder.name}"
