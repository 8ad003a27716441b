"""The report folder of a sweep."""

from __future__ import annotations

import json
import os
from pathlib import Path

from gemma_audio.report.collect import Sweep, read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.deltas import deltas_csv
from gemma_audio.report.flips import flips
from gemma_audio.report.html import page
from gemma_audio.report.latex import table_tex
from gemma_audio.report.markdown import markdown
from gemma_audio.report.methods import methods
from gemma_audio.report.plots import deltas_pdf, deltas_svg
from gemma_audio.report.sounds import sounds


def write_report(sweep_dir: Path, embed: bool = False) -> Path:
    """Write the report of a sweep's folder into `sweep_dir`/report; return the page.

    Works at any time of a sweep: cells that are not finished are listed, not awaited.
    GemmaAudioError when `sweep_dir` is not a sweep's folder.
    """
    return write_files(read_sweep(sweep_dir), sweep_dir / "report", embed)


def write_files(sweep: Sweep, folder: Path, embed: bool = False) -> Path:
    """Write comparison.json and .md, deltas.csv, .svg and .pdf, table.tex, methods.md, index.html into `folder`; return the page.

    `folder` is made if need be. Each file is replaced whole, the page last. The clips of the questions that changed go into
    `folder`/audio where they are at hand, or with `embed` into the page itself.
    """
    comparison = compare_sweep(sweep)
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "comparison.json", json.dumps(comparison, indent=1, allow_nan=False) + "\n")
    _replace(folder / "comparison.md", markdown(comparison))
    _replace(folder / "deltas.csv", deltas_csv(comparison))
    _replace(folder / "deltas.svg", deltas_svg(comparison))
    _replace(folder / "deltas.pdf", deltas_pdf(comparison))
    _replace(folder / "table.tex", table_tex(comparison))
    _replace(folder / "methods.md", methods(sweep, comparison))
    changed = flips(sweep)
    _replace(folder / "index.html", page(sweep, comparison, changed, sounds(sweep, changed, folder, embed), embed))
    return folder / "index.html"


def _replace(path: Path, content: str | bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
    partial.replace(path)
