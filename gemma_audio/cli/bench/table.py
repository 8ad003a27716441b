"""The figures as a table, in Markdown and as a document with where and when they were measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tabulate import tabulate

from gemma_audio.cli.bench.figure import Figure
from gemma_audio.sweep.engine import cores
from gemma_audio.sweep.provenance import versions

HEADER = ("figure", "value", "bound", "", "how")


def table(figures: Sequence[Figure], style: str) -> str:
    """The figures in one of tabulate's styles."""
    rows = [(f.name, f.shown, str(f.bound or ""), f.verdict, " ".join(f.note.split())) for f in figures]
    return tabulate(rows, headers=HEADER, tablefmt=style, disable_numparse=True)


def document(figures: Sequence[Figure], *, quick: bool) -> dict[str, Any]:
    """What the JSON file holds; of the machine only its processor and load."""
    return {
        "schema": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "cpu": processor(),
        "cores": cores(),
        "threads": 1,
        "load": round(os.getloadavg()[0], 2),
        "versions": versions(),
        "figures": [_row(figure) for figure in figures],
    }


def markdown(figures: Sequence[Figure], about: dict[str, Any]) -> str:
    """The table with a line on where it comes from."""
    commit = about["versions"].get("commit", "")[:12]
    place = f"{about['date'][:10]}, {about['cpu']}, {about['cores']} cores, one thread each, load {about['load']:g}"
    sizes = "; sizes too small to say anything" if about["quick"] else ""
    return (
        f"{table(figures, 'pipe')}\n\n{place}, torch {about['versions'].get('torch')}{f', {commit}' if commit else ''}{sizes}.\n"
    )


def processor() -> str:
    """The processor's name."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or platform.machine()


def _row(figure: Figure) -> dict[str, Any]:
    bound = {"value": figure.bound.value, "is": "least" if figure.bound.least else "most"} if figure.bound else None
    return {
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "bound": bound,
        "verdict": figure.verdict,
        "note": figure.note,
    }
