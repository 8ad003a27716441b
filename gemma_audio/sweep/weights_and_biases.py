"""A cell's mirror in Weights & Biases, through Lightning's logger: one run per cell, offline unless logged in."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from typing import Any

from gemma_audio.config.schema import Reuse
from gemma_audio.config.schema import Tracker as Settings
from gemma_audio.sweep.curve import numbers
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.redact import redact

TIMEOUT = 30  # seconds to reach the service before the run goes on without it
FINISH = 120  # seconds to deliver what is left at the end
LONGEST = 64  # characters of a tag
AXIS = "trainer/global_step"  # what the logger declares as the x-axis of all curves


class WandbTracker:
    """Raises whatever wandb raises; the caller guards it.

    W&B's step counts the steps of all stages of the cell in a row. A cell that goes on also logs what earlier attempts computed,
    so that its newest file is the whole run; online, W&B drops the steps that the run of this id has already.
    """

    def __init__(self, settings: Settings, cell: Cell, group: str, run_id: str) -> None:
        offline = (settings.mode or ("online" if _logged_in() else "offline")) == "offline"
        if offline:  # even offline, error reporting would look up a host name
            os.environ["WANDB_ERROR_REPORTING"] = "false"
        import wandb
        from lightning.pytorch.loggers import WandbLogger

        quiet = {"console": "off", "disable_git": True, "disable_code": True, "silent": True}
        limits = {"init_timeout": TIMEOUT, "finish_timeout": FINISH, "finish_timeout_raises": True}
        self._last = self._offset = 0
        self._logger = WandbLogger(
            project=settings.project or "gemma_audio",
            name=cell.name,
            id=run_id,
            group=group,
            job_type="train" if cell.config.recipe.stages else "eval",
            save_dir=cell.folder,
            offline=offline,
            mode="offline" if offline else "online",  # offline= only sets a variable that wandb has read by now
            resume="allow",
            tags=tags(cell),
            settings=wandb.Settings(**quiet, **limits),
        )
        self._logger.log_hyperparams(redact({**asdict(cell.config), "arm": cell.arm, "overrides": list(cell.overrides)}))

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
        self._last = self._offset + step
        named = {f"{stage}/{name}": value for name, value in figures.items()}
        # Not the logger's log_metrics: it lets W&B count the calls, and a run that goes on would log its steps twice.
        self._logger.experiment.log({**named, AXIS: self._last}, step=self._last)

    def sealed(self, stage: str, rows: list[dict[str, str]], reused: bool) -> None:
        if reused:  # its curves belong to this run as well
            for row in rows:
                self.log(stage, int(row["step"]), numbers(row))
        self._offset = self._last

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
        self._logger.experiment.summary.update(summary or {})
        self._logger.experiment.finish(exit_code=exit_code)


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


def _logged_in() -> bool:
    if os.environ.get("WANDB_MODE"):
        return os.environ["WANDB_MODE"] == "online"
    import wandb

    return bool(wandb.login(prompt=False, verify=False))
