"""One evaluation from config to files."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import Accelerator
from gemma_audio.config.schema import Evaluation, Model, Trainer
from gemma_audio.data.encoder import Encoder
from gemma_audio.evaluation import benchmarks
from gemma_audio.evaluation.controls import Condition, conditions
from gemma_audio.evaluation.memory import Batches
from gemma_audio.evaluation.predict import Progress, predict
from gemma_audio.evaluation.prediction import Prediction
from gemma_audio.evaluation.summary import accuracies, summarise
from gemma_audio.evaluation.table import score, write_controls, write_predictions, write_scores


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
) -> dict[str, Any]:
    """Answer and score a benchmark with `model` after the sealed stages of `chain`; returns what it writes to summary.json.

    Writes predictions.jsonl, scores.csv, summary.json and, where controls are asked for, controls.csv into `into`.
    `progress(done, total, {"failed": n})` is called as questions are answered. A bad or missing sound is a wrong answer and
    listed; BenchmarkError where the benchmark as a whole cannot be used (raised before any weights are read),
    GemmaAudioError where not even one question fits into memory.
    """
    from gemma_audio.models.load import load

    started = time.monotonic()
    benchmark = benchmarks.load(cfg, data_folder, plugins)
    network, processor = load(model, chain)
    device = _device(trainer)
    batches, encoder = Batches(cfg.batch_size), Encoder(processor)
    asked = [Condition("", cfg, benchmark, {}), *conditions(cfg, benchmark)]
    answers: dict[str, list[Prediction]] = {}
    with _precision(trainer, device):
        network = network.to(device)
        for place, condition in enumerate(asked):
            told = _part(progress, place, len(asked))
            answers[condition.name] = predict(
                condition.cfg, condition.benchmark, network, encoder, batches=batches, orders=condition.orders, progress=told
            )
    method = str(cfg.method)
    predictions = answers.pop("")
    scored, controls = score(predictions), {name: score(given) for name, given in answers.items()}
    summary = summarise(benchmark, scored, method) | {"controls": accuracies(controls)}
    summary["batch_size"] = {"asked": cfg.batch_size, "used": batches.size, "halvings": batches.halvings}
    summary["seconds"] = round(time.monotonic() - started, 2)
    into.mkdir(parents=True, exist_ok=True)
    write_predictions(predictions, method, into / "predictions.jsonl")
    write_scores(scored, method, into / "scores.csv")
    if controls:
        write_controls(controls, into / "controls.csv")
    (into / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


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
