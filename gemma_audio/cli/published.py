"""Audits the published table: `python -m gemma_audio.cli.published` renews experiments/published_card from published.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gemma_audio.cli.experiments import write_table
from gemma_audio.evaluation.benchmarks.mmau import revisions
from gemma_audio.report.published_audit import audit
from gemma_audio.report.published_plot import audit_svg
from gemma_audio.report.published_text import findings, markdown, row_table

FOLDER = Path("experiments/published_card")


def read(folder: Path) -> dict[str, Any]:
    """The audit of the folder's published.json against the known revisions."""
    published = json.loads((folder / "published.json").read_text(encoding="utf-8"))
    return audit(published, list(revisions().values()))


def block(found: dict[str, Any]) -> str:
    """What stands between the marks of the README: findings and the table of rows."""
    return f"{findings(found)}\n\n{row_table(found)}\n"


def write_results(folder: Path) -> str:
    """Write results/audit.json, audit.md and audit.svg, and return what the README is to say."""
    found, results = read(folder), folder / "results"
    results.mkdir(exist_ok=True)
    (results / "audit.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (results / "audit.md").write_text(markdown(found), encoding="utf-8")
    (results / "audit.svg").write_text(audit_svg(found), encoding="utf-8")
    return block(found)


def main(folder: Path = FOLDER) -> None:
    """Renew the folder: its results, and their place in its README."""
    write_table(folder / "README.md", write_results(folder))
    print(folder / "README.md")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
