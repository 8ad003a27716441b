"""Opening runs of Weights & Biases: quiet, offline unless logged in, never waiting for long."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from gemma_audio.config.schema import Tracker as Settings
from gemma_audio.sweep.mirror import Mirror

PROJECT = "gemma_audio"
TIMEOUT = 30  # seconds to reach the service before the work goes on without it
FINISH, UPLOAD = 120, 3600  # seconds to deliver what is left at the end, without and with artifacts
QUIET = {"console": "off", "disable_git": True, "disable_code": True, "silent": True}


def mode_of(settings: Settings) -> str:
    """online or offline: as configured, else online only when logged in."""
    mode = settings.mode or ("online" if _logged_in() else "offline")
    if mode == "offline":  # even offline, error reporting would look up a host name
        os.environ["WANDB_ERROR_REPORTING"] = "false"
    return mode


def options(settings: Settings) -> dict[str, Any]:
    """What every run sets: nothing of the surroundings is recorded, and no wait is endless."""
    finish = UPLOAD if settings.artifacts else FINISH
    return {**QUIET, "init_timeout": TIMEOUT, "finish_timeout": finish, "finish_timeout_raises": True}


def begin(settings: Settings, mirror: Mirror, name: str, job_type: str, config: dict[str, Any], tags: Sequence[str]) -> Any:
    """A run beside any other that this process has open; `config` must be without secrets. Raises whatever wandb raises."""
    mode = mode_of(settings)
    import wandb

    return wandb.init(
        project=settings.project or PROJECT,
        id=mirror.run_id,
        name=name,
        group=mirror.group,
        job_type=job_type,
        dir=mirror.folder,
        mode=mode,
        resume="allow",
        tags=list(tags),
        config=config,
        settings=wandb.Settings(**options(settings), reinit="create_new"),
    )


def _logged_in() -> bool:
    if os.environ.get("WANDB_MODE"):
        return os.environ["WANDB_MODE"] == "online"
    import wandb

    return bool(wandb.login(prompt=False, verify=False))
