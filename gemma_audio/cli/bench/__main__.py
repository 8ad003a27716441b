"""`python -m gemma_audio.cli.bench [--only NAME,...] [--quick]`: measure, print, write; the exit code judges no figure."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from gemma_audio.cli.bench.catalogue import MEASURES, measured
from gemma_audio.cli.bench.figure import Figure
from gemma_audio.cli.bench.setting import Setting
from gemma_audio.cli.bench.table import document, markdown, table

FOLDER = Path("outputs/bench")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is asked for; outputs/bench/bench.* is written for the whole at full size, partial.* otherwise."""
    asked = _parser().parse_args(argv)
    with TemporaryDirectory() as scratch:
        figures = _figures(asked.only, Setting(asked.quick, Path(scratch)))
    print(table(figures, "simple"))
    whole = not asked.quick and list(asked.only) == list(MEASURES)
    about = document(figures, quick=asked.quick)
    FOLDER.mkdir(parents=True, exist_ok=True)
    stem = FOLDER / ("bench" if whole else "partial")
    stem.with_suffix(".json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(markdown(figures, about), encoding="utf-8")
    print(f"{stem}.md, {stem}.json")
    return 0


def _figures(names: Sequence[str], setting: Setting) -> list[Figure]:
    from gemma_audio.sweep.engine import prepare
    from gemma_audio.sweep.rooms import Rooms

    prepare(setting.config, 1, Rooms().preload)  # one thread, and the fork server that a sweep has
    figures: list[Figure] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        figures += measured(name, setting)
    return [replace(figure, bound=None) for figure in figures] if setting.quick else figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gemma_audio.cli.bench", description="Measure how fast gemma_audio is.")
    parser.add_argument("--only", type=_names, default=tuple(MEASURES), metavar="NAME,...", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="tiny sizes: tries the way, measures nothing worth keeping")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in MEASURES]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: unknown; known: {', '.join(MEASURES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
