"""`gemma-audio-eval report`: a sweep's report made again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gemma_audio.errors import GemmaAudioError, Problem

REMEDY = "Give the folder that holds a sweep's sweep.json: outputs/sweeps/<sweep>/<time>, which a sweep prints when it starts."


def print_report(sweep: Path, *, embed: bool = False, as_json: bool) -> None:
    """Write the report's files into the sweep's folder and print the comparison. GemmaAudioError for no sweep's folder."""
    from gemma_audio.report.write import write_report

    if not (sweep / "sweep.json").is_file():
        raise GemmaAudioError(str(Problem(str(sweep), _why(sweep), REMEDY)))
    try:
        page = write_report(sweep, embed)
    except OSError as error:
        raise GemmaAudioError(str(Problem(str(error.filename or sweep), f"cannot be written ({error.strerror})"))) from None
    show(page, as_json=as_json)


def show(page: Path, *, as_json: bool) -> None:
    """comparison.json itself, or its tables and verdict with the path of the page that lies beside it."""
    import json

    from gemma_audio.report.console import print_summary

    text = (page.parent / "comparison.json").read_text(encoding="utf-8")
    if as_json:
        sys.stdout.write(text)
        return
    print_summary(json.loads(text), folder=str(page.parent))
    print(f"report: {os.path.relpath(page) if page.is_absolute() and page.is_relative_to(Path.cwd()) else page}")


def _why(sweep: Path) -> str:
    if not sweep.exists():
        return "is not there"
    if not sweep.is_dir():
        return "is a file, not a folder"
    return "is not a sweep's folder: it holds no sweep.json" if any(sweep.iterdir()) else "is an empty folder"
