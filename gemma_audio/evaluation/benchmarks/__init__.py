"""One file per benchmark; `load` and `identity` pick by the config's `benchmark`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import BenchmarkKind
from gemma_audio.config.plugins import load as load_plugins
from gemma_audio.config.schema import Evaluation
from gemma_audio.errors import BenchmarkError
from gemma_audio.evaluation.benchmarks import embedded, mcq_file, mmau, own
from gemma_audio.evaluation.item import Benchmark, Item

LOADERS: dict[str, Callable[[Evaluation, Path | None], Benchmark]] = {
    BenchmarkKind.embedded: embedded.load,
    BenchmarkKind.mmau: mmau.load,
    BenchmarkKind.mcq_file: mcq_file.load,
}
IDENTITIES: dict[str, Callable[[Evaluation, dict[str, Any] | None], dict[str, Any]]] = {
    BenchmarkKind.embedded: embedded.identity,
    BenchmarkKind.mmau: mmau.identity,
    BenchmarkKind.mcq_file: mcq_file.identity,
}


def load(cfg: Evaluation, data_folder: Path | None, plugins: Sequence[str] = ()) -> Benchmark:
    """The benchmark of `cfg`; with `cfg.limit` that many questions, evenly spread over the file (so over its subjects).

    Raises BenchmarkError where the file as a whole cannot be used or not one of its rows is a question.
    """
    if cfg.benchmark in LOADERS:
        benchmark = LOADERS[cfg.benchmark](cfg, data_folder)
    else:
        benchmark = own.load(load_plugins(plugins).own("benchmark")[cfg.benchmark], cfg)
    if not benchmark.items:
        shown = "; ".join(f"row {bad.row}: {bad.reason}" for bad in benchmark.rejected[:3])
        raise BenchmarkError(f"{cfg.name}: none of {len(benchmark.rejected)} rows is a question ({shown})")
    benchmark.items = _spread(benchmark.items, cfg.limit)
    return benchmark


def identity(cfg: Evaluation, data_identity: dict[str, Any] | None) -> dict[str, Any]:
    """What decides the questions and sounds of `cfg`, for a fingerprint; a plugin's code is not in it."""
    return IDENTITIES.get(cfg.benchmark, own.identity)(cfg, data_identity)


def _spread(items: list[Item], limit: int | None) -> list[Item]:
    if limit is None or limit >= len(items):
        return items
    return [items[place * len(items) // limit] for place in range(limit)]
