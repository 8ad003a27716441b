"""The sha256 of every file of an export."""

from __future__ import annotations

import json
from pathlib import Path

from gemma_audio.files import sha256

MANIFEST = "checksums.json"
VERIFIED = "verified.json"
"""Written by `verify` beside the export; no part of it."""


def write_checksums(folder: Path) -> None:
    """Write `folder`/checksums.json over all of its files."""
    sums = {path.relative_to(folder).as_posix(): sha256(path) for path in _files(folder)}
    (folder / MANIFEST).write_text(json.dumps({"schema": 1, "sha256": sums}, indent=1) + "\n")


def damaged(folder: Path) -> list[str]:
    """Files that are missing or not as they were exported; files that do not belong to the export."""
    try:
        sums: dict[str, str] = json.loads((folder / MANIFEST).read_text())["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{MANIFEST} is missing or unreadable"]
    missing = [f"{name} is missing" for name in sums if not (folder / name).is_file()]
    changed = [f"{name} has changed" for name in sums if (folder / name).is_file() and sha256(folder / name) != sums[name]]
    present = {path.relative_to(folder).as_posix() for path in _files(folder)}
    return [*missing, *changed, *(f"{name} is no part of the export" for name in sorted(present - set(sums)))]


def _files(folder: Path) -> list[Path]:
    """All files but the manifest, the verification record and what begins with a dot, such as .cache and .git."""
    inside = sorted(path for path in folder.rglob("*") if path.is_file())
    named = [path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return [path for path in named if path.relative_to(folder).as_posix() not in (MANIFEST, VERIFIED)]
