"""The embedded world's own benchmark: MMAU's schema over synthetic clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gemma_audio.config.schema import Evaluation
from gemma_audio.data.corpus import Corpus
from gemma_audio.errors import BenchmarkError, Problem
from gemma_audio.evaluation.benchmarks import annotation_file
from gemma_audio.evaluation.benchmarks.rows import parse
from gemma_audio.evaluation.item import Benchmark
from gemma_audio.world import VERSION

REMEDY = "build the world again: delete the data folder and type the same command"


def load(cfg: Evaluation, data_folder: Path | None) -> Benchmark:
    """Questions of `benchmark_<split>.json` in the world's folder; an item's audio is a clip id of its corpus.

    Raises BenchmarkError where the folder or the file is missing or damaged.
    """
    if data_folder is None:
        raise BenchmarkError(str(Problem("data", "the embedded benchmark needs the embedded world", "type data=embedded")))
    sha256, rows = annotation_file.read(data_folder / f"benchmark_{cfg.split}.json", REMEDY)
    items, rejected = parse(rows)
    corpus = Corpus.open(data_folder)
    revision = f"world {VERSION}, split {cfg.split}"
    return Benchmark(cfg.name, sha256, revision, items, rejected, lambda item: corpus.audio(item.audio))


def identity(cfg: Evaluation, data_identity: dict[str, Any] | None) -> dict[str, Any]:
    """The world's identity and the split: the file follows from them, so that nothing need be built to know it."""
    return {"data": data_identity, "split": cfg.split}
