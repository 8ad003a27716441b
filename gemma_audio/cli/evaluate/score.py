"""`gemma-audio-eval score`: one file against the benchmark, as JSON or as tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gemma_audio.cli.evaluate.figures import figures
from gemma_audio.cli.evaluate.reader import Reader, warn
from gemma_audio.evaluation.readings import RULES
from gemma_audio.report.text import percent, plain
from gemma_audio.report.verdict import TRIVIAL

MEANING = {
    "official": "MMAU's rule, as published",
    "stripped": "the same without (A) before answer and choices",
    "letter": "the letter that the answer gives",
    "strict": "the one option that the answer names",
}
WIDE = 160  # columns where stdout is no terminal


def print_score(path: Path, reader: Reader, *, as_json: bool) -> None:
    """Print the score of a file; warnings go to stderr. GemmaAudioError for what cannot be used."""
    found = figures(reader.score(path))
    warn(found["warnings"])
    if as_json:
        print(json.dumps(found, indent=1, allow_nan=False))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    for line in _heading(path.name, reader.benchmark.name, found):
        console.print(Text(line))
    console.print(_readings(found))
    for name, groups in found["by"].items():
        console.print(_groups(name, groups))


def _heading(path: str, benchmark: str, found: dict[str, Any]) -> list[str]:
    key, file, n = found["benchmark"], found["predictions"], found["n"]
    answered = f"{n - found['missing']} of {n} questions answered, {found['unparsed']} of the answers name no option"
    without = [f"{TRIVIAL[name]} {percent(share)}" for name, share in found["baselines"].items()]
    return [
        f"{plain(path)}: {file['form']} in column {plain(file['column'])}; {answered}",
        f"{plain(benchmark)}: revision {plain(key['revision'])}, sha256 {key['sha256'][:12]}, gold {key['gold']}",
        f"without listening: {', '.join(without)}",
    ]


def _readings(found: dict[str, Any]) -> Table:
    table = _table("reading", "right", f"of {found['n']}", "95 % interval", "")
    for rule in RULES:
        level = found[rule]
        table.add_row(rule, str(level["correct"]), percent(level["accuracy"]), _span(level["interval"]), MEANING[rule])
    return table


def _groups(name: str, groups: dict[str, Any]) -> Table:
    table = _table(name, "n", "missing", *RULES, "interval (official)")
    for group, level in groups.items():
        cells = [percent(level[rule]["accuracy"]) for rule in RULES]
        table.add_row(
            Text(plain(group, 60)), str(level["n"]), str(level["missing"]), *cells, _span(level["official"]["interval"])
        )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, title="", title_justify="left")
    table.add_column(first, header_style="bold")
    for name in others:
        table.add_column(name, header_style="bold", justify="right" if name else "left", no_wrap=True)
    return table


def _span(interval: Sequence[float]) -> str:
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"
