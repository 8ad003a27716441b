"""Where a result comes from: versions, commit and command, without host names, paths or secrets."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import gemma_audio
from gemma_audio.sweep.redact import redact_text

LIBRARIES = ("torch", "torchaudio", "transformers", "peft", "lightning", "hydra-core", "numpy", "scipy", "pandas", "wandb")
CHECKOUT = Path(gemma_audio.__file__).resolve().parent.parent


def versions() -> dict[str, str]:
    """Versions of Python, this package and the libraries; of a checkout also the commit, and whether it is changed."""
    found = {"python": platform.python_version(), "gemma_audio": gemma_audio.__version__}
    found |= {name: version for name in LIBRARIES if (version := _version(name))}
    return found | _commit(CHECKOUT)


def command(argv: Sequence[str]) -> list[str]:
    """The command as typed, the program by its name alone."""
    return [Path(argv[0]).name, *(redact_text(word) for word in argv[1:])] if argv else []


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _commit(checkout: Path) -> dict[str, str]:
    if not (checkout / ".git").exists():
        return {}
    commit, status = _git(checkout, "rev-parse", "HEAD"), _git(checkout, "status", "--porcelain")
    return {} if commit is None else {"commit": commit, "changed": "yes" if status else "no"}


def _git(checkout: Path, *words: str) -> str | None:
    try:
        done: Any = subprocess.run(["git", "-C", str(checkout), *words], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return str(done.stdout).strip() if done.returncode == 0 else None
