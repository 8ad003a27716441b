"""The report folder of a sweep."""

from __future__ import annotations

import json
import os
from pathlib import Path

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.deltas import deltas_csv
from gemma_audio.report.html import page
from gemma_audio.report.markdown import markdown
from gemma_audio.report.plots import deltas_svg


def write_report(sweep_dir: Path) -> Path:
    """Write comparison.json, comparison.md, deltas.csv, deltas.svg and index.html into `sweep_dir`/report; return index.html.

    Works at any time of a sweep: cells that are not finished are listed, not awaited. Each file is replaced whole, the page last.
    GemmaAudioError when `sweep_dir` is not a sweep's folder.
    """
    sweep = read_sweep(sweep_dir)
    comparison = compare_sweep(sweep)
    svg = deltas_svg(comparison)
    folder = sweep_dir / "report"
    folder.mkdir(exist_ok=True)
    _replace(folder / "comparison.json", json.dumps(comparison, indent=1, allow_nan=False) + "\n")
    _replace(folder / "comparison.md", markdown(comparison))
    _replace(folder / "deltas.csv", deltas_csv(comparison))
    _replace(folder / "deltas.svg", svg)
    _replace(folder / "index.html", page(sweep, comparison, svg))
    return folder / "index.html"


def _replace(path: Path, content: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content.encode("utf-8", "replace"))
    partial.replace(path)
