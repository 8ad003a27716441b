"""Where a run stands in Weights & Biases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mirror:
    """A run's group and id, and the command's folder: its `wandb` holds the local files of all runs of the command."""

    group: str
    run_id: str
    folder: Path
