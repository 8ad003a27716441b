"""What can be said of the training data before any work: whether a manifest holds a row, and its folder a sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gemma_audio.config.kinds import DataKind
from gemma_audio.config.schema import Data
from gemma_audio.data import manifest
from gemma_audio.errors import GemmaAudioError, Problem


def problems(data: Data) -> list[Problem]:
    """Why a manifest as a whole cannot be used; nothing is said of paths that do not exist (the config's checks do)."""
    if data.kind != DataKind.manifest or not data.file or not Path(data.file).expanduser().is_file():
        return []
    return list(_manifest(data))


def _manifest(data: Data) -> Iterator[Problem]:
    try:
        table = manifest.open_table(data)
    except GemmaAudioError as error:
        yield Problem("data.file", str(error).split("\n")[0], manifest.REMEDY)
        return
    if wrong := list(table.problems("data", data.columns, manifest.REQUIRED)):
        yield from wrong
        return
    rows, bad = manifest.parse(table, data)
    if not rows:
        yield manifest.nothing_left(data, bad)
    elif not any(manifest.place(data, example.clip).is_file() for _, example in rows):
        first = manifest.place(data, rows[0][1].clip)
        message = f"not one of the sounds that '{data.file}' names is there (the first would be {first})"
        yield Problem("data.audio_dir", message, "data.audio_dir=FOLDER that the names in the column audio start from")
