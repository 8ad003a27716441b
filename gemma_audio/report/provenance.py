"""Where the numbers come from: versions, code, weights, seeds, benchmark, command."""

from __future__ import annotations

from typing import Any

from gemma_audio.report.collect import Sweep

CODE = ("commit", "changed")


def provenance(sweep: Sweep, benchmark: dict[str, Any]) -> dict[str, Any]:
    """`versions` of the software, `code`, `fingerprints` of every run's stages and evaluation, `seeds` per arm, `benchmark`,
    `when` and `command`; what is not known is empty or null."""
    versions = dict(sweep.spec.get("versions") or {})
    return {
        "code": {name: versions.pop(name) for name in CODE if name in versions},
        "versions": versions,
        "fingerprints": {arm: _fingerprints(sweep, arm) for arm in sweep.arms},
        "seeds": {arm: sorted({seed for run in sweep.runs if run.arm == arm for seed in run.seeds}) for arm in sweep.arms},
        "benchmark": {key: benchmark.get(key) for key in ("name", "sha256", "revision")},
        "when": sweep.spec.get("stamp"),
        "command": sweep.spec.get("command"),
    }


def _fingerprints(sweep: Sweep, arm: str) -> dict[str, Any]:
    return {
        run.run: {
            "stages": {str(stage.get("name")): stage.get("fingerprint") for stage in run.stages},
            "evaluation": run.evaluation or None,
        }
        for run in sweep.runs
        if run.arm == arm
    }
