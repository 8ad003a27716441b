"""The fidelity report: what rounding lost, tensor by tensor, and whether the answers are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gemma_audio.models.export import fidelity, stock
from gemma_audio.models.export.merged import Merged
from gemma_audio.models.export.source import Source

SHOWN = 10


def report(source: Source, model: Merged) -> dict[str, Any]:
    """What fidelity.json holds. Tensors of every stage that rounding touches here; answers of the last stage."""
    everything = fidelity.total(model.losses) if model.losses else None
    answers = _answers(model)
    agreement = answers["agreement"] if answers else None
    return {
        "schema": 1,
        "dtype": source.dtype,
        "limits": {"relative_error": fidelity.LARGEST_ERROR, "agreement": fidelity.LEAST_AGREEMENT},
        "total": everything.figures() if everything else None,
        "answers": answers,
        "warnings": fidelity.warnings(everything, agreement),
        "tensors": [loss.figures() for loss in model.losses],
    }


def table(found: Mapping[str, Any]) -> str:
    """The report as Markdown: the whole, the answers, and the tensors, those that lost most first."""
    rows = sorted(found["tensors"], key=lambda row: -row["relative_error"])
    lines = ["# Merge fidelity", "", *summary(found), "", *_rows([{**found["total"], "name": "**all**"}, *rows])]
    return "\n".join(lines) + "\n"


def console(found: Mapping[str, Any]) -> str:
    """The same for a terminal: the whole and the tensors that lost most."""
    rows = sorted(found["tensors"], key=lambda row: -row["relative_error"])
    left = len(rows) - SHOWN
    more = [f"... and {left} tensors more, in fidelity.md"] if left > 0 else []
    return "\n".join([*summary(found), "", *_rows([{**found["total"], "name": "all"}, *rows[:SHOWN]]), *more])


def summary(found: Mapping[str, Any]) -> list[str]:
    """A sentence on the update, one on the answers, and the warnings."""
    whole, answers = found["total"], found["answers"]
    kept = f"of the stages' update {_size(whole['relative_error'])} was changed by rounding to {found['dtype']}"
    lines = [f"Merged: {kept}; {whole['unchanged']:.1%} of the weights are the base's still."]
    if answers:
        asked = f"{answers['agreement']:.1%} of {answers['n']} fixed questions answered alike"
        effect = f"logits differ by at most {answers['distance']:.2g} of their spread"
        lines.append(f"Applied against merged: {asked}; {effect} (largest single difference {answers['largest']:.2g}).")
    return lines + [f"WARNING: {warning}." for warning in found["warnings"]]


def _answers(model: Merged) -> dict[str, Any] | None:
    if model.applied is None or model.answers is None:
        return None
    applied, merged = model.applied, model.answers
    same = [a == b for a, b in zip(applied.chosen, merged.chosen, strict=True)]
    return {
        "n": len(same),
        "agreement": sum(same) / len(same),
        "distance": stock.distance(merged.logits, applied.logits),
        "largest": float((merged.logits - applied.logits).abs().max()),
    }


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    head = ["| tensor | relative error | cosine | unchanged | norm of the update |", "|---|---:|---:|---:|---:|"]
    return head + [" | ".join(("| " + row["name"], *_figures(row))) + " |" for row in rows]


def _figures(row: Mapping[str, Any]) -> tuple[str, ...]:
    size = _size(row["relative_error"])
    return size, f"{row['cosine']:.4f}", f"{row['unchanged']:.1%}", f"{row['update_norm']:.3g}"


def _size(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0005 else f"{share:.1g}"
