"""Rules for the training data: sizes of the embedded world, files of the user's own, fields that a kind does not read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gemma_audio.config.kinds import DataKind
from gemma_audio.config.rules import at_least, choice, given
from gemma_audio.config.schema import Data
from gemma_audio.errors import Problem

COLUMNS = ("id", "audio", "source", "kind", "caption", "question", "choices", "answer")


def check_data(data: Data) -> Iterator[Problem]:
    """Sizes below one, files that are not there, fields that nothing reads."""
    least = {"clips": 1 if data.kind == DataKind.embedded else 0, "dev_questions": 1, "test_questions": 1, "shift_questions": 1}
    for key, number in least.items():
        yield from at_least(f"data.{key}", getattr(data, key), number)
    if data.kind == DataKind.embedded:
        for key in ("file", "audio_dir", "columns", "options"):
            if getattr(data, key):
                yield Problem(f"data.{key}", "is set, but the embedded world reads no file and no option", "data=manifest")
        return
    if data.file or data.kind == DataKind.manifest:
        yield from given("data.file", data.file, "a manifest (.jsonl, .json or .csv)", Path.is_file)
    if data.audio_dir:
        yield from given("data.audio_dir", data.audio_dir, "the folder of the sounds", Path.is_dir)
    if data.kind == DataKind.manifest:
        for key in data.columns:
            yield from choice("data.columns", key, COLUMNS, "column")
        if data.options:
            yield Problem("data.options", "are set, but only a plugin's corpus reads them", "Leave data.options out.")
