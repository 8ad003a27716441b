"""One file per benchmark; `load` and `identity` pick by the config's `benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gemma_audio.config.schema import BenchmarkKind, Evaluation
from gemma_audio.errors import BenchmarkError
from gemma_audio.evaluation.benchmarks import embedded, mmau
from gemma_audio.evaluation.item import Benchmark, Item

LOADERS = {BenchmarkKind.embedded: embedded.load, BenchmarkKind.mmau: mmau.load}
IDENTITIES = {BenchmarkKind.embedded: embedded.identity, BenchmarkKind.mmau: mmau.identity}


def load(cfg: Evaluation, data_folder: Path | None) -> Benchmark:
    """The benchmark of `cfg`; with `cfg.limit` that many questions, evenly spread over the file (so over its subjects).

    Raises BenchmarkError where the file as a whole cannot be used or not one of its rows is a question.
    """
    benchmark = LOADERS[cfg.benchmark](cfg, data_folder)
    if not benchmark.items:
        shown = "; ".join(f"row {bad.row}: {bad.reason}" for bad in benchmark.rejected[:3])
        raise BenchmarkError(f"{cfg.name}: none of {len(benchmark.rejected)} rows is a question ({shown})")
    benchmark.items = _spread(benchmark.items, cfg.limit)
    return benchmark


def identity(cfg: Evaluation, data_identity: dict[str, Any] | None) -> dict[str, Any]:
    """What decides the questions and sounds of `cfg`, for a fingerprint."""
    return IDENTITIES[cfg.benchmark](cfg, data_identity)


def _spread(items: list[Item], limit: int | None) -> list[Item]:
    if limit is None or limit >= len(items):
        return items
    return [items[place * len(items) // limit] for place in range(limit)]
