"""A sweep's comparison as a run of its own in Weights & Biases, beside the runs of its cells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from gemma_audio.config.schema import Tracker as Settings
from gemma_audio.report.collect import read_sweep
from gemma_audio.report.verdict import verdict
from gemma_audio.sweep.item_table import item_table
from gemma_audio.sweep.lineage import scores_artifact, use
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.redact import redact
from gemma_audio.sweep.wandb_run import begin

JOB = "comparison"
DECLARED = ("name", "stamp", "axis", "arms", "baseline", "treatment", "alpha", "decision", "factors", "select")
PASSING = ("sweep", "provenance")  # parts of comparison.json that say when and where, not what was found


@dataclass(frozen=True)
class Comparison:
    """What is written where: the tracker's settings, the run, and the store that holds the evaluations."""

    settings: Settings
    mirror: Mirror
    store: Path

    @property
    def report(self) -> Path:
        """The sweep's report."""
        return self.mirror.folder / "report"

    def write(self) -> None:
        """Write the run: tables, figure, summary. Raises whatever wandb raises, and OSError where there is no report."""
        comparison, sweep = _read(self.report), read_sweep(self.mirror.folder)
        declared = {key: sweep.spec.get(key) for key in DECLARED}
        config = redact({"sweep": declared, "benchmark": comparison["benchmark"], "versions": sweep.spec.get("versions")})
        name = f"{sweep.spec['name']}: {sweep.primary[0]} - {sweep.primary[1]}"
        run = begin(self.settings, self.mirror, redact(name), JOB, config, [redact(str(sweep.spec["name"])), JOB])
        items, note = item_table(sweep)
        run.log({"deltas": _table(_deltas(self.report)), "items": _table(items), "figure": _figure(self.report)})
        run.summary.update(redact(summary(comparison)) | ({"items/note": note} if note else {}))
        if self.settings.artifacts:
            for evaluation in sorted({found.evaluation for found in sweep.runs if found.evaluation}):
                use(run, scores_artifact(self.store / f"eval-{evaluation}"))
        run.finish()

    def known(self) -> bool:
        """Whether the same findings were written by an earlier command of the same sweep."""
        for other in self.mirror.folder.parent.glob(f"*/wandb/*run-*-{self.mirror.run_id}"):
            report = other.parent.parent / "report"
            if (report / "comparison.json").exists() and _found(report) == _found(self.report):
                return True
        return False


def comparison_id(sweep: str, arms: Sequence[str], work: Sequence[str]) -> str:
    """The run's id: that of the declared comparison and all planned cells, so that a sweep that goes on continues its run."""
    return hashlib.sha256(json.dumps([sweep, list(arms), sorted(work)]).encode()).hexdigest()[:16]


def summary(comparison: dict[str, Any]) -> dict[str, Any]:
    """The declared pair's deciding entry (fractions), each arm's accuracy, and the verdict's first line."""
    accuracies = {f"accuracy/{name}": arm["accuracy"] for name, arm in comparison["arms"].items() if arm["accuracy"] is not None}
    first = {"verdict": next(iter(verdict(comparison)), "")}
    entry = next((entry for entry in comparison["pairs"] if entry["primary"] and entry["decides"]), None)
    if entry is None:
        return accuracies | first
    low, high = entry["interval"] or (None, None)
    kept = {key: entry[key] for key in ("treatment", "baseline", "scope", "n", "delta", "p", "runs")}
    return {**accuracies, **first, **kept, "interval/low": low, "interval/high": high}


def _read(report: Path) -> dict[str, Any]:
    return dict(json.loads((report / "comparison.json").read_text(encoding="utf-8")))


def _found(report: Path) -> dict[str, Any]:
    return {key: value for key, value in _read(report).items() if key not in PASSING}


def _deltas(report: Path) -> pd.DataFrame:
    return pd.read_csv(StringIO((report / "deltas.csv").read_text(encoding="utf-8")))


def _table(frame: pd.DataFrame) -> Any:
    import wandb

    values = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return wandb.Table(columns=list(frame.columns), data=redact(values), allow_mixed_types=True)


def _figure(report: Path) -> Any:
    import wandb

    svg = (report / "deltas.svg").read_text(encoding="utf-8")
    return wandb.Html(f'<body style="background: white">{svg[svg.index("<svg") :]}</body>', inject=False)
