"""A plugin's corpus: a function of the data settings that yields examples, each with its sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemma_audio.audio import RATE, Limits
from gemma_audio.config.schema import Data
from gemma_audio.data.content import file_sha256, folder_digest
from gemma_audio.data.example import Example
from gemma_audio.data.product import Product, to_pcm
from gemma_audio.errors import GemmaAudioError, Problem

REMEDY = "Correct the plugin; gemma_audio.data.example says what an example holds."
Rows = Callable[[Data], Iterable[tuple[Example, NDArray[np.float32]]]]


def identity(data: Data) -> dict[str, Any]:
    """Seed, clips, columns and options as set, data.file and data.audio_dir by their content."""
    file = Path(data.file).expanduser() if data.file else None
    folder = Path(data.audio_dir).expanduser() if data.audio_dir else None
    return {
        "corpus": data.kind, "seed": data.seed, "clips": data.clips,
        "columns": data.columns or None, "options": data.options or None,
        "file": file_sha256(file) if file else None, "audio": folder_digest(folder) if folder else None,
    }  # fmt: skip


def build(rows: Rows, data: Data, into: Path, workers: int = 1) -> None:
    """Write the examples and sounds (float32 mono 16 kHz; one per clip id, the first counts) that `rows(data)` yields.

    Raises GemmaAudioError naming the example where one is none, its sound cannot be used or its id occurs twice.
    """
    product, examples = Product(into), dict[str, Example]()
    clips: set[str] = set()
    for number, row in enumerate(rows(data), start=1):
        example, samples = _checked(f"corpus {data.kind}, example {number}", row)
        if example.id in examples:
            raise _refusal(f"corpus {data.kind}, example {number}", f"the id {example.id!r} occurs twice")
        examples[example.id] = example
        if example.clip not in clips:
            clips.add(example.clip)
            product.clip(example.clip, to_pcm(samples))
    product.finish(list(examples.values()), [], Counter())
    if not examples:
        raise _refusal(f"corpus {data.kind}", "yields no example")


def _checked(place: str, row: Any) -> tuple[Example, NDArray[np.float32]]:
    if not isinstance(row, tuple) or len(row) != 2 or not isinstance(row[0], Example):
        raise _refusal(place, f"is {type(row).__name__}, not a pair (Example, samples)")
    if not all(isinstance(value, str) for value in astuple(row[0])[:5]):
        raise _refusal(place, "id, clip, source, kind and question must be texts")
    samples = np.asarray(row[1], np.float32)
    limits = Limits()
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise _refusal(place, f"samples of shape {samples.shape} are not mono, or not finite")
    if not limits.min_seconds <= len(samples) / RATE <= limits.seconds:
        allowed = f"allowed are {limits.min_seconds:g} to {limits.seconds:g} s"
        raise _refusal(place, f"the sound is {len(samples) / RATE:.4g} s long at {RATE} Hz; {allowed}")
    return row[0], samples


def _refusal(place: str, message: str) -> GemmaAudioError:
    return GemmaAudioError(str(Problem(place, message, REMEDY)))
