"""training.json: what a finished run says of itself, with the sha256 of every file of weights that it stands for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from gemma_audio.files import sha256, sync, write_durably

RECORD = "training.json"
WEIGHTS = "weights"
METRICS = "metrics.csv"


def finished(into: Path) -> dict[str, Any] | None:
    """Return the record of a finished run; None where there is none or the weights are not those that it was written for."""
    try:
        record = dict(json.loads((into / RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.get("weights") == _digests(into / WEIGHTS) else None


def discard(into: Path) -> None:
    """Remove a record and its weights, the record first: it must not outlive them."""
    (into / RECORD).unlink(missing_ok=True)
    shutil.rmtree(into / WEIGHTS, ignore_errors=True)


def write(into: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Write and return `record` with the sums of the weights, once all that it vouches for is on the disk."""
    for path in (*(into / WEIGHTS).rglob("*"), into / WEIGHTS, into / METRICS, into):
        sync(path)
    whole = {**record, "weights": _digests(into / WEIGHTS)}
    write_durably(into / RECORD, json.dumps(whole, indent=1) + "\n")
    sync(into)
    return whole


def _digests(weights: Path) -> dict[str, str]:
    return {path.relative_to(weights).as_posix(): sha256(path) for path in sorted(weights.rglob("*")) if path.is_file()}
