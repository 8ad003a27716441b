"""Items to predictions: sounds encoded window by window, sorted by length, answered in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gemma_audio.audio import MissingAudioError
from gemma_audio.config.schema import Evaluation
from gemma_audio.data.collate import Encoded
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.sound import Sound
from gemma_audio.errors import AudioError
from gemma_audio.evaluation.item import Benchmark, Item
from gemma_audio.evaluation.memory import Batches
from gemma_audio.evaluation.methods import METHODS
from gemma_audio.evaluation.prediction import Prediction, Query
from gemma_audio.evaluation.prompt import Presented, present, render
from gemma_audio.evaluation.sounds import Sounds

WINDOW = 512
"""Sounds encoded ahead of the model: enough to sort by length, little enough for memory (30 s at 128 mels is 1.5 MB)."""

Progress = Callable[[int, int, dict[str, Any]], None]
Orders = Mapping[str, tuple[int, ...]]
Listen = Callable[[Item], Sound]


def predict(
    cfg: Evaluation,
    benchmark: Benchmark,
    model: Any,
    encoder: Encoder,
    *,
    batches: Batches | None = None,
    orders: Orders | None = None,
    progress: Progress | None = None,
    sounds: Listen | None = None,
) -> list[Prediction]:
    """One prediction per item of the benchmark, in its order; a sound that is missing or bad gives one with a `failure`.

    `orders` (by item id) shows options in another order than the benchmark's. Batching changes no answer.
    `sounds` gives what the model is fed for an item (raises AudioError); else its own sound's log-mel frames.
    """
    import torch

    listen = sounds or Sounds(benchmark, encoder).of

    batches = batches or Batches(cfg.batch_size)
    found: dict[str, Prediction] = {}

    def keep(predictions: list[Prediction]) -> list[Prediction]:
        found.update((prediction.presented.item.id, prediction) for prediction in predictions)
        if progress and predictions:
            progress(len(found), len(benchmark.items), {"failed": sum(bool(p.failure) for p in found.values())})
        return predictions

    model.eval()
    with torch.inference_mode():
        for window in _windows(benchmark.items):
            queries, failed = _encode(cfg, listen, encoder, window, orders or {})
            keep(failed)
            batches.run(queries, lambda part: keep(METHODS[cfg.method](model, encoder, part, cfg)))
    return [found[item.id] for item in benchmark.items]


def _windows(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), WINDOW):
        yield items[start : start + WINDOW]


def _encode(
    cfg: Evaluation, listen: Listen, encoder: Encoder, items: Sequence[Item], orders: Orders
) -> tuple[list[Query], list[Prediction]]:
    """Queries, the longest first (what does not fit into memory shows at once), and the failures."""
    queries: list[Query] = []
    failed: list[Prediction] = []
    for item in items:
        presented = present(item, orders.get(item.id))
        try:
            queries.append(_query(cfg, listen(item), encoder, presented))
        except MissingAudioError:
            failed.append(Prediction(presented, failure=f"missing audio: {item.audio}"))
        except AudioError as error:
            failed.append(Prediction(presented, failure="bad audio: " + "; ".join(map(str.strip, str(error).splitlines()))))
    return sorted(queries, key=lambda query: -len(query.encoded)), failed


def _query(cfg: Evaluation, sound: Sound, encoder: Encoder, presented: Presented) -> Query:
    return Query(presented, Encoded(encoder.prompt(render(cfg, presented), sound.tokens), [], sound))
