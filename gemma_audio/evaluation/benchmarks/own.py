"""A plugin's benchmark: a function of the evaluation settings that returns a Benchmark."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gemma_audio.config.schema import Evaluation
from gemma_audio.data.content import file_sha256, folder_digest
from gemma_audio.errors import BenchmarkError, Problem
from gemma_audio.evaluation.item import Benchmark, Item

REMEDY = "Correct the plugin; gemma_audio.evaluation.item says what a Benchmark and an Item hold."


def load(build: Callable[[Evaluation], Benchmark], cfg: Evaluation) -> Benchmark:
    """What the plugin returns, with the sha256 of its questions where it gives none.

    Raises BenchmarkError where it is no Benchmark of Items with distinct ids, two choices or more, and an answer among them.
    """
    place, made = f"benchmark {cfg.benchmark}", build(cfg)
    if not isinstance(made, Benchmark) or not all(isinstance(item, Item) for item in made.items):
        raise BenchmarkError(str(Problem(place, f"the plugin returns {type(made).__name__}, not a Benchmark of Items", REMEDY)))
    ids = Counter(item.id for item in made.items)
    for item in made.items:
        if ids[item.id] > 1 or not item.gold or not 2 <= len(item.choices) <= 26:
            message = f"item {item.id!r} occurs twice, lacks choices (2 to 26), or its answer is none of them"
            raise BenchmarkError(str(Problem(place, message, REMEDY)))
    return made if made.sha256 else replace(made, sha256=_sha256(made))


def identity(cfg: Evaluation, data_identity: dict[str, Any] | None) -> dict[str, Any]:
    """Split, columns, answer form and options as set, evaluation.file and evaluation.audio_dir by their content."""
    file = Path(cfg.file).expanduser() if cfg.file else None
    folder = Path(cfg.audio_dir).expanduser() if cfg.audio_dir else None
    return {
        "split": cfg.split, "columns": cfg.columns or None, "answer": str(cfg.answer), "options": cfg.options or None,
        "file": file_sha256(file) if file else None, "audio": folder_digest(folder) if folder else None,
    }  # fmt: skip


def _sha256(made: Benchmark) -> str:
    text = json.dumps([asdict(item) for item in made.items], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
