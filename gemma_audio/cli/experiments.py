"""Makes the committed results of every experiment again: runs its sweep, copies its report, renews the table of its README.

`python -m gemma_audio.cli.experiments [NAME ...]` (all without a name). What the store holds is reused: a repeated call is quick.
`python -m gemma_audio.cli.experiments NAME --from SWEEP_FOLDER` takes the report of a sweep that was run before, or elsewhere.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from gemma_audio.cli.experiment_table import table
from gemma_audio.config.compose import CONF
from gemma_audio.errors import GemmaAudioError
from gemma_audio.report.plots import deltas_svg

RESULTS = ("comparison.json", "comparison.md", "deltas.csv", "table.tex", "methods.md")
TABLE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)
OUT = Path("outputs")


def renew(folder: Path) -> None:
    """Run the experiment that `folder` is named after and write what it found into the folder.

    Raises GemmaAudioError where the sweep did not finish, or the README has no place for the table.
    """
    (folder / "results").mkdir(exist_ok=True)
    find = _sweep if (CONF / "sweep" / f"{folder.name}.yaml").exists() else OTHERS[folder.name]
    write_table(folder / "README.md", find(folder))


def _sweep(folder: Path) -> str:
    command = [str(Path(sys.executable).with_name("gemma-audio")), "-m", f"sweep={folder.name}"]
    if code := subprocess.run(command).returncode:
        raise GemmaAudioError(f"sweep={folder.name} ended with exit code {code}; the same command goes on where it stopped")
    return _keep(folder, max((OUT / "sweeps" / folder.name).iterdir(), key=lambda path: path.name))


def _keep(folder: Path, sweep: Path) -> str:
    """Copy the report of a sweep's folder, of the plot the declared pair; returns the table of what was found."""
    for name in RESULTS:
        shutil.copy(sweep / "report" / name, folder / "results" / name)
    comparison = json.loads((sweep / "report" / "comparison.json").read_text())
    (folder / "results" / "deltas.svg").write_text(deltas_svg(comparison, 1), encoding="utf-8")
    return table(comparison)


def take(folder: Path, sweep: Path) -> None:
    """Write what the sweep in the folder `sweep` found into the experiment `folder`."""
    (folder / "results").mkdir(exist_ok=True)
    write_table(folder / "README.md", _keep(folder, sweep))


def _probe(folder: Path) -> str:
    from gemma_audio.cli import learnable

    return learnable.table(learnable.main(folder / "results"))


def _audit(folder: Path) -> str:
    from gemma_audio.cli.published import write_results

    return write_results(folder)


def _calibration(folder: Path) -> str:
    from gemma_audio.cli.calibration.study import write_results

    return write_results(folder)


def _cost(folder: Path) -> str:
    from gemma_audio.cli.gpu.budget import write_results

    return write_results(folder / "results")


OTHERS: dict[str, Callable[[Path], str]] = {
    "calibration": _calibration,
    "e4b_cost": _cost,
    "learnable": _probe,
    "published_card": _audit,
}
"""What is no sweep."""


def write_table(readme: Path, lines: str) -> None:
    """Put `lines` between the marks of a README. GemmaAudioError where it has none."""
    text = readme.read_text()
    if not TABLE.search(text):
        raise GemmaAudioError(
            f"{readme}: no place for the table; put <!-- results --> and <!-- end of results --> on lines of their own"
        )
    readme.write_text(TABLE.sub(lambda _: lines, text))


def main(names: list[str], root: Path = Path("experiments"), make: Callable[[Path], None] = renew) -> int:
    """Renew the experiments called `names`, or all of them."""
    known = sorted(path.name for path in root.iterdir() if path.is_dir())
    if unknown := sorted(set(names) - set(known)):
        print(f"no experiment called {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or known:
        print(f"experiments/{name}", flush=True)
        make(root / name)
    return 0


def _arguments(words: list[str]) -> tuple[list[str], Callable[[Path], None]]:
    parser = argparse.ArgumentParser(prog="python -m gemma_audio.cli.experiments", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments to make again; all without a name")
    parser.add_argument("--from", dest="sweep", type=Path, metavar="SWEEP_FOLDER", help="take this sweep's report; one NAME")
    given = parser.parse_args(words)
    if given.sweep and len(given.names) != 1:
        parser.error("--from needs exactly one NAME")
    if given.sweep and not (given.sweep / "report" / "comparison.json").exists():
        parser.error(f"--from: {given.sweep} holds no report/comparison.json; type gemma-audio-eval report {given.sweep}")
    return given.names, (lambda folder: take(folder, given.sweep)) if given.sweep else renew


if __name__ == "__main__":
    chosen, make = _arguments(sys.argv[1:])
    raise SystemExit(main(chosen, make=make))
