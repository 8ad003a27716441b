"""Files by their content: what stands in an identity in place of a path."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from gemma_audio.files import sha256


def file_sha256(path: Path) -> str:
    """sha256 of a file's content; asked again for an unchanged file (size and time) it is not read again."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


def digest(files: Iterable[tuple[str, Path]]) -> str:
    """sha256 over names and contents; a file that is not there counts as missing, so that adding it changes the digest."""
    total = hashlib.sha256()
    for name, path in files:
        total.update(f"{name} {file_sha256(path) if path.is_file() else 'missing'}\n".encode())
    return total.hexdigest()


def folder_digest(root: Path) -> str:
    """sha256 over all files below a folder, by their relative places; hidden ones do not count."""
    inside = sorted(path for path in root.rglob("*") if path.is_file())
    named = ((path.relative_to(root).as_posix(), path) for path in inside)
    return digest((name, path) for name, path in named if not any(part.startswith(".") for part in name.split("/")))


@cache
def _sha256(path: Path, size: int, time: int) -> str:
    return sha256(path)
