"""What a model card says of an exported model: whose figures it reports, and what merging lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gemma_audio.report.scores import read_scores


@dataclass(frozen=True)
class Exported:
    """An export as its card needs it: type of the weights, kept adapter, fidelity.json, its own scores if it has any."""

    dtype: str
    adapter: bool
    reattached: int
    fidelity: Mapping[str, Any]
    rows: pd.DataFrame | None = field(default=None, repr=False)

    @classmethod
    def of(cls, record: Mapping[str, Any], *, adapter: bool, scores: Path | None) -> Exported:
        """What `record`, returned by the export, says; `scores` is the scores.csv of the exported weights."""
        rows = read_scores(scores) if scores else None
        return cls(str(record["dtype"]), adapter, len(record["reattached"]), record["fidelity"], rows)

    def changed(self, run: pd.DataFrame) -> int | None:
        """How many of the run's questions the exported weights answer otherwise; None where they were not asked."""
        if self.rows is None:
            return None
        both = run[["id", "chosen"]].merge(self.rows[["id", "chosen"]], on="id", suffixes=("_run", "_exported"))
        return int((both["chosen_run"] != both["chosen_exported"]).sum())


def view(exported: Exported | None, run: pd.DataFrame) -> dict[str, Any] | None:
    """The export under the names of the card's template; None for a card of a run alone."""
    if exported is None:
        return None
    total, answers = exported.fidelity["total"], exported.fidelity["answers"]
    return {
        "dtype": exported.dtype,
        "adapter": exported.adapter,
        "reattached": exported.reattached,
        "evaluated": exported.rows is not None,
        "changed": exported.changed(run),
        "error": total["relative_error"] if total else 0.0,
        "unchanged": total["unchanged"] if total else 0.0,
        "answers": answers,
        "warnings": exported.fidelity["warnings"],
    }
