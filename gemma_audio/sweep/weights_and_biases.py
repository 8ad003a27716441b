"""A cell's mirror in Weights & Biases, through Lightning's logger: one run per cell, offline unless logged in."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from typing import Any

from gemma_audio.config.schema import Tracker as Settings
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.redact import redact

TIMEOUT = 30  # seconds to reach the service before the run goes on without it


class WandbTracker:
    """Raises whatever wandb raises; the caller guards it."""

    def __init__(self, settings: Settings, cell: Cell, group: str) -> None:
        offline = (settings.mode or ("online" if _logged_in() else "offline")) == "offline"
        if offline:  # even offline, error reporting would look up a host name
            os.environ["WANDB_ERROR_REPORTING"] = "false"
        import wandb
        from lightning.pytorch.loggers import WandbLogger

        self._last = self._offset = 0
        self._logger = WandbLogger(
            project=settings.project or "gemma_audio",
            name=cell.name,
            id=run_id(group, cell),
            group=group,
            save_dir=cell.folder,
            offline=offline,
            mode="offline" if offline else "online",  # offline= only sets a variable that wandb has read by now
            tags=[cell.arm],
            settings=wandb.Settings(console="off", disable_git=True, disable_code=True, init_timeout=TIMEOUT, silent=True),
        )
        self._logger.log_hyperparams(redact(asdict(cell.config)))

    def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
        self._last = self._offset + step
        self._logger.log_metrics({f"{stage}/{name}": value for name, value in figures.items()}, step=self._last)

    def sealed(self, stage: str, rows: list[dict[str, str]], reused: bool) -> None:
        if reused:  # its curves belong to this run as well
            for row in rows:
                self.log(stage, int(row["step"]), _numbers(row))
        self._offset = self._last

    def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
        self._logger.experiment.summary.update(summary or {})
        self._logger.experiment.finish(exit_code=exit_code)


def run_id(group: str, cell: Cell) -> str:
    """The run's id: the same for the same cell of the same sweep folder."""
    return hashlib.sha256(f"{group}/{cell.index}-{cell.name}".encode()).hexdigest()[:16]


def _logged_in() -> bool:
    if os.environ.get("WANDB_MODE"):
        return os.environ["WANDB_MODE"] == "online"
    import wandb

    return bool(wandb.login(prompt=False, verify=False))


def _numbers(row: dict[str, str]) -> dict[str, float]:
    return {name: float(value) for name, value in row.items() if name not in ("step", "stage") and value}
