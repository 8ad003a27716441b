"""An evaluation in a few numbers: the benchmark as it was, and accuracy over all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gemma_audio.evaluation.item import Benchmark, Item
from gemma_audio.evaluation.table import Scored

MISSING = "missing audio"


def summarise(benchmark: Benchmark, scored: Sequence[Scored], method: str) -> dict[str, Any]:
    """The `benchmark` and `accuracy` parts of result.json: fractions over every item, failures counted as wrong and listed."""
    return {
        "method": method,
        "benchmark": _benchmark(benchmark, scored),
        "accuracy": {
            **_accuracy(scored),
            "domains": _grouped(scored, lambda item: item.task),
            "subcategories": _grouped(scored, lambda item: item.subcategory),
            "difficulties": _grouped(scored, lambda item: item.difficulty),
        },
    }


def accuracies(controls: Mapping[str, Sequence[Scored]]) -> dict[str, dict[str, float]]:
    """Both rules' accuracy under each condition, over every item."""
    return {name: _accuracy(scored) for name, scored in controls.items()}


def _benchmark(benchmark: Benchmark, scored: Sequence[Scored]) -> dict[str, Any]:
    failures = {entry.prediction.presented.item.id: entry.prediction.failure for entry in scored if entry.prediction.failure}
    missing = [key for key, reason in failures.items() if reason.startswith(MISSING)]
    return {
        "name": benchmark.name,
        "sha256": benchmark.sha256,
        "revision": benchmark.revision,
        "n": len(benchmark.items),
        "answered": len(benchmark.items) - len(failures),
        "rejected": [asdict(row) for row in benchmark.rejected],
        "missing": missing,
        "failed": [{"id": key, "reason": reason} for key, reason in failures.items() if key not in set(missing)],
        "warnings": benchmark.warnings,
        "notes": dict(Counter(note for notes in benchmark.notes.values() for note in notes)),
    }


def _accuracy(scored: Sequence[Scored]) -> dict[str, float]:
    return {
        "official": sum(entry.official for entry in scored) / len(scored),
        "strict": sum(entry.strict for entry in scored) / len(scored),
    }


def _grouped(scored: Sequence[Scored], key: Callable[[Item], str]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Scored]] = {}
    for entry in scored:
        groups.setdefault(key(entry.prediction.presented.item), []).append(entry)
    return {name: {**_accuracy(group), "n": len(group)} for name, group in sorted(groups.items())}
