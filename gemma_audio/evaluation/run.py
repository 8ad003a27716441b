"""One evaluation from config to files."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from gemma_audio.config.schema import Accelerator, Evaluation, Model, Trainer
from gemma_audio.data.encoder import Encoder
from gemma_audio.evaluation import benchmarks
from gemma_audio.evaluation.memory import Batches
from gemma_audio.evaluation.predict import Progress, predict
from gemma_audio.evaluation.summary import summarise
from gemma_audio.evaluation.table import score, write_predictions, write_scores


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

    Writes predictions.jsonl, scores.csv and summary.json into `into`. `progress(done, total, {"failed": n})` is called as
    questions are answered. A bad or missing sound is a wrong answer, listed in the summary; BenchmarkError where the benchmark
    as a whole cannot be used (raised before any weights are read), GemmaAudioError where not even one question fits into memory.
    """
    from gemma_audio.models.load import load

    started = time.monotonic()
    benchmark = benchmarks.load(cfg, data_folder, plugins)
    network, processor = load(model, chain)
    device = _device(trainer)
    batches = Batches(cfg.batch_size)
    with _precision(trainer, device):
        predictions = predict(cfg, benchmark, network.to(device), Encoder(processor), batches=batches, progress=progress)
    method = str(cfg.method)
    scored = score(predictions)
    summary = summarise(benchmark, scored, method)
    summary["batch_size"] = {"asked": cfg.batch_size, "used": batches.size, "halvings": batches.halvings}
    summary["seconds"] = round(time.monotonic() - started, 2)
    into.mkdir(parents=True, exist_ok=True)
    write_predictions(predictions, method, into / "predictions.jsonl")
    write_scores(scored, method, into / "scores.csv")
    (into / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


def _device(trainer: Trainer) -> str:
    import torch

    wants_gpu = trainer.accelerator == Accelerator.gpu
    return "cuda" if wants_gpu or (trainer.accelerator == Accelerator.auto and torch.cuda.is_available()) else "cpu"


def _precision(trainer: Trainer, device: str) -> AbstractContextManager[Any]:
    import torch

    return torch.autocast(device, torch.bfloat16, enabled=trainer.precision == "bf16-mixed")
