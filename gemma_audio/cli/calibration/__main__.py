"""`python -m gemma_audio.cli.calibration [--draws N] [--seed N] [FOLDER]` simulates and writes FOLDER/results/calibration.*"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from gemma_audio.cli.calibration.study import DRAWS, SEED, write_results
from gemma_audio.cli.experiments import write_table

FOLDER = Path("experiments/calibration")


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate, write the results and the table of the folder's README if it has one, and print the table."""
    asked = _parser().parse_args(argv)
    table = write_results(asked.folder, asked.draws, asked.seed)
    if (asked.folder / "README.md").exists():
        write_table(asked.folder / "README.md", table)
    print(table, end="")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gemma_audio.cli.calibration", description="Simulate what the statistics do.")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of every setting (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    return parser


if __name__ == "__main__":
    main()
