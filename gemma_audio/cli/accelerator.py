"""Whether this machine can have a GPU at all, told without importing torch."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from gemma_audio.errors import Problem

DEVICES = ("nvidia[0-9]*", "nvidiactl", "kfd", "dxg")  # NVIDIA, AMD, Windows' Linux
HIDING = "CUDA_VISIBLE_DEVICES"


def gpu_problems(
    dev: Path = Path("/dev"), env: Mapping[str, str] = os.environ, torch: str = "", platform: str = sys.platform
) -> list[Problem]:
    """Why trainer.accelerator=gpu cannot work here; nothing where only the run can tell."""
    reason = _reason(dev, env, torch or metadata.version("torch"), platform)
    return [Problem("trainer.accelerator", f"gpu, but {reason}", "trainer=cpu")] if reason else []


def _reason(dev: Path, env: Mapping[str, str], torch: str, platform: str) -> str:
    if torch.endswith("+cpu"):
        return f"torch {torch} is a build for CPUs"
    if env.get(HIDING, "0").strip() in ("", "-1"):
        return f"{HIDING}='{env[HIDING]}' hides every GPU"
    if platform != "linux" or shutil.which("nvidia-smi", path=env.get("PATH")):
        return ""
    return "" if any(any(dev.glob(name)) for name in DEVICES) else "no GPU is visible (no /dev/nvidia*, no nvidia-smi)"
