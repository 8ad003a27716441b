"""Makes the committed results of every experiment again: runs its sweep, copies its report, renews the table of its README.

`python -m gemma_audio.cli.experiments [NAME ...]` (all without a name). What the store holds is reused: a repeated call is quick.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gemma_audio.config.compose import CONF
from gemma_audio.errors import GemmaAudioError

RESULTS = ("comparison.json", "comparison.md", "deltas.csv", "deltas.svg")
TABLE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)
OUT = Path("outputs")


def renew(folder: Path) -> None:
    """Run the experiment that `folder` is named after and write what it found into the folder.

    Raises GemmaAudioError where the sweep did not finish, or the README has no place for the table.
    """
    (folder / "results").mkdir(exist_ok=True)
    find = _sweep if (CONF / "sweep" / f"{folder.name}.yaml").exists() else _probe
    _write_table(folder / "README.md", find(folder))


def _sweep(folder: Path) -> str:
    command = [str(Path(sys.executable).with_name("gemma-audio")), "-m", f"sweep={folder.name}"]
    if code := subprocess.run(command).returncode:
        raise GemmaAudioError(f"sweep={folder.name} ended with exit code {code}; the same command goes on where it stopped")
    report = max((OUT / "sweeps" / folder.name).iterdir(), key=lambda path: path.name) / "report"
    for name in RESULTS:
        shutil.copy(report / name, folder / "results" / name)
    return table(json.loads((report / "comparison.json").read_text()))


def _probe(folder: Path) -> str:
    from gemma_audio.cli import learnable

    return learnable.table(learnable.main(folder / "results"))


def table(comparison: dict[str, Any]) -> str:
    """Accuracy by subcategory and arm in %, with the primary pair's difference in the deciding scope, as Markdown."""
    arms = comparison["arms"]
    primary = next(pair for pair in comparison["pairs"] if pair["primary"] and pair["decides"])
    head = ["", "n", *arms, f"{primary['treatment']} − {primary['baseline']} ({primary['scope']}, 95 %)"]
    lines = [head, ["---"] * len(head)]
    lines.append(["**all**", str(comparison["benchmark"]["n"]), *map(_overall, arms.values()), difference(primary)])
    for row in comparison["subcategories"]:
        pair = next(p for p in row["pairs"] if _same(p, primary))
        lines.append([row["name"], str(row["n"]), *(f"{100 * row['arms'][arm]:.1f}" for arm in arms), difference(pair)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def difference(pair: dict[str, Any]) -> str:
    """A difference in points, with its interval where there is one (none where no item and no run differs)."""
    interval = "".join(f"{100 * bound:+.1f}, " for bound in pair["interval"] or ()).rstrip(", ")
    return f"{100 * pair['delta']:+.1f} [{interval or '–'}]"


def _same(pair: dict[str, Any], primary: dict[str, Any]) -> bool:
    return all(pair[key] == primary[key] for key in ("treatment", "baseline", "scope"))


def _overall(arm: dict[str, Any]) -> str:
    runs = [100 * run["accuracy"] for run in arm["per_run"]]
    spread = f" ({min(runs):.1f}–{max(runs):.1f})" if len(runs) > 1 else ""
    return f"{100 * arm['accuracy']:.1f}{spread}"


def _write_table(readme: Path, lines: str) -> None:
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


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
