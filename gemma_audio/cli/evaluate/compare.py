"""`gemma-audio-eval compare`: files of several systems, question by question, as a sweep's report."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from gemma_audio.cli.evaluate.arms import Sides
from gemma_audio.cli.evaluate.reader import Reader, warn
from gemma_audio.cli.evaluate.report import show
from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.report.files import sweep_of
from gemma_audio.report.write import write_files

COMMAND = "gemma-audio-eval"


def print_comparison(sides: Sides, reader: Reader, out: Path, audio: Path | None, *, as_json: bool) -> None:
    """Write the report into `out` and print it; warnings go to stderr. GemmaAudioError for what cannot be used or written."""
    if audio and not audio.is_dir():
        raise GemmaAudioError(str(Problem(str(audio), "is no folder", "--audio DIR, the folder with the benchmark's sounds")))
    files = sides.arms()
    primary = sides.primary(list(files))
    arms = {name: [reader.score(path) for path in paths] for name, paths in files.items()}
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    sweep = sweep_of(arms, primary, out, audio, stamp=stamp, command=[COMMAND, *sys.argv[1:]])
    warn(sweep.notes)
    try:
        page = write_files(sweep, out)
    except OSError as error:
        problem = Problem(str(error.filename or out), f"cannot be written ({error.strerror})", "--out DIR, another folder")
        raise GemmaAudioError(str(problem)) from None
    show(page, as_json=as_json)
