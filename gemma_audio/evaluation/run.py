"""One evaluation from config to files."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import Accelerator
from gemma_audio.config.schema import Evaluation, Model, Trainer
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.sound import Sound
from gemma_audio.evaluation import benchmarks
from gemma_audio.evaluation.controls import Condition, conditions
from gemma_audio.evaluation.item import Item
from gemma_audio.evaluation.memory import Batches
from gemma_audio.evaluation.predict import Progress, predict
from gemma_audio.evaluation.prediction import Prediction
from gemma_audio.evaluation.sounds import Sounds
from gemma_audio.evaluation.summary import accuracies, summarise
from gemma_audio.evaluation.table import score, write_controls, write_predictions, write_scores
from gemma_audio.models import memory
from gemma_audio.models.feature_cache import FeatureCache
from gemma_audio.models.hearing import Hearing, cache_folder, obstacle, standing_in


def evaluate(
    cfg: Evaluation,
    *,
    model: Model,
    data_folder: Path | None,
    trainer: Trainer,
    chain: Sequence[Path],
    into: Path,
    progress: Progress | None = None,
    plugins: Sequence[str] = (),
    features: Path | None = None,
) -> dict[str, Any]:
    """Answer and score a benchmark with `model` after the sealed stages of `chain`; returns what it writes to summary.json.

    Writes predictions.jsonl, scores.csv, summary.json and, where controls are asked for, controls.csv into `into`.
    `features` is the folder of outputs of the base's audio tower that all runs share; without it they last as long as this call.
    `progress(done, total, {"failed": n})` is called as questions are answered. A bad or missing sound is a wrong answer and
    listed; BenchmarkError where the benchmark as a whole cannot be used (raised before any weights are read),
    GemmaAudioError where not even one question fits into memory.
    """
    from gemma_audio.models.load import load

    started = time.monotonic()
    benchmark = benchmarks.load(cfg, data_folder, plugins)
    memory.release()  # the stage before may have left its model to the collector
    network, processor = load(model, chain, trainer.savings, rounded=False, merged=False)
    device = _device(trainer)
    batches, encoder = Batches(cfg.batch_size), Encoder(processor)
    asked = [Condition("", cfg), *conditions(cfg, benchmark)]
    scratch = into / "checkpoints" / "features"  # what a sealed folder is left without
    answers: dict[str, list[Prediction]] = {}
    with _precision(trainer, device):
        network = network.to(device).requires_grad_(False)  # autocast would keep a copy of what asks for gradients
        hearing = _hearing(trainer, network, encoder, cache_folder(chain, features, scratch))
        sounds = Sounds(benchmark, encoder, hearing)
        with standing_in(network, hearing):
            for place, condition in enumerate(asked):
                answers[condition.name] = predict(
                    condition.cfg, benchmark, network, encoder, batches=batches, orders=condition.orders,
                    progress=_part(progress, place, len(asked)), sounds=partial(_heard, sounds, condition),
                )  # fmt: skip
    shutil.rmtree(scratch.parent, ignore_errors=True)
    method = str(cfg.method)
    predictions = answers.pop("")
    scored, controls = score(predictions), {name: score(given) for name, given in answers.items()}
    summary = summarise(benchmark, scored, method) | {"controls": accuracies(controls)}
    summary["batch_size"] = {"asked": cfg.batch_size, "used": batches.size, "halvings": batches.halvings}
    summary["features"] = dict(sorted(hearing.cache.counts.items())) if hearing else None
    summary["seconds"] = round(time.monotonic() - started, 2)
    into.mkdir(parents=True, exist_ok=True)
    write_predictions(predictions, method, into / "predictions.jsonl")
    write_scores(scored, method, into / "scores.csv")
    if controls:
        write_controls(controls, into / "controls.csv")
    (into / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


def _hearing(trainer: Trainer, network: Any, encoder: Encoder, folder: Path) -> Hearing | None:
    """The tower's ear; None where each condition is to hear every sound anew."""
    extractor = encoder.processor.feature_extractor
    if not trainer.savings.cached_features or obstacle(extractor):
        return None
    return Hearing(network.model.audio_tower, extractor, FeatureCache(folder))


def _heard(sounds: Sounds, condition: Condition, item: Item) -> Sound:
    return sounds.of(condition.source(item), silent=condition.silent)


def _part(progress: Progress | None, place: int, parts: int) -> Progress | None:
    """The progress of one condition out of `parts`, told as that of the whole."""
    if progress is None:
        return None
    return lambda done, total, figures: progress(place * total + done, parts * total, figures)


def _device(trainer: Trainer) -> str:
    import torch

    wants_gpu = trainer.accelerator == Accelerator.gpu
    return "cuda" if wants_gpu or (trainer.accelerator == Accelerator.auto and torch.cuda.is_available()) else "cpu"


def _precision(trainer: Trainer, device: str) -> AbstractContextManager[Any]:
    import torch

    return torch.autocast(device, torch.bfloat16, enabled=trainer.precision == "bf16-mixed")
