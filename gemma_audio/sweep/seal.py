"""Sealing a folder: a manifest of sha256 sums, everything on disk before the name says that it is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gemma_audio.files import sha256, sync, write_durably

MANIFEST = "manifest.json"
IDENTITY = "identity.json"
SCRATCH = "checkpoints"  # what a build needs only while it is not done


def write_json(path: Path, value: Any) -> None:
    """Write `value` so that a reader sees the old file or the new one, never half of either."""
    write_durably(path, json.dumps(value, indent=1) + "\n")


def seal(folder: Path) -> None:
    """Write the manifest of `folder`, and wait until all of its files are on disk."""
    files = {}
    for path in _files(folder):
        sync(path)
        files[path.relative_to(folder).as_posix()] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
    write_json(folder / MANIFEST, {"schema": 1, "files": files})
    sync(folder)


def damage(folder: Path) -> list[str]:
    """What is wrong with a sealed folder: files that are missing, of another size or of another content."""
    return [f"{name} {problem}" for name, problem in _damaged(folder).items()]


def unseal(folder: Path) -> list[str]:
    """Remove the damaged files of a sealed folder, and the seal with them; returns what was wrong, nothing where it is whole."""
    damaged = _damaged(folder)
    for name in (*damaged, MANIFEST) if damaged else ():  # the seal goes last: a kill in between leaves it to be opened again
        (folder / name).unlink(missing_ok=True)
    return [f"{name} {problem}" for name, problem in damaged.items()]


def rename(source: Path, target: Path) -> None:
    """Rename a folder and wait until the new name is on disk."""
    source.rename(target)
    sync(target.parent)


def _damaged(folder: Path) -> dict[str, str]:
    try:
        files = json.loads((folder / MANIFEST).read_text())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {MANIFEST: "is missing or unreadable"}
    return {name: problem for name, entry in files.items() if (problem := _problem(folder / name, entry))}


def _problem(path: Path, entry: dict[str, Any]) -> str:
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != entry["bytes"]:
        return f"has {path.stat().st_size} bytes instead of {entry['bytes']}"
    return "" if sha256(path) == entry["sha256"] else "has another content (sha256 differs)"


def _files(folder: Path) -> list[Path]:
    inside = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return sorted(path for path in inside if path.relative_to(folder).parts[0] != SCRATCH)
