"""Trains one stage into a folder; the same call again goes on where it stopped, to the same bits on a CPU."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer as LightningTrainer

from gemma_audio.config.schema import Model, Probe, Stage, Trainer
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.evaluation import benchmarks
from gemma_audio.models.feature_cache import RESERVE, FeatureCache
from gemma_audio.models.hearing import cache_folder
from gemma_audio.models.load import fingerprint, load
from gemma_audio.training import dev_probe, record
from gemma_audio.training.checkpoint import KEPT, SealedCheckpoints
from gemma_audio.training.metrics import Metrics, MetricSink, Progress
from gemma_audio.training.module import StageModule
from gemma_audio.training.objectives import module_class, takes_savings


def train(
    stage: Stage,
    *,
    model: Model,
    data_folder: Path,
    trainer: Trainer,
    chain: Sequence[Path],
    into: Path,
    log: MetricSink,
    progress: Progress,
    plugins: Sequence[str] = (),
    probe: Probe | None = None,
    probe_folder: Path | None = None,
    features: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Train `stage` on top of `model` and the stages of `chain`; return and write `into`/training.json.

    With `probe` its dev questions (of the world in `probe_folder`, where they are embedded) are answered on the way: probes.csv.
    `features` is the folder of the base's audio tower's outputs that all runs share; without it they last as checkpoints do.
    `say` is told in words what neither `log` nor `progress` can tell: how long a wait before step 1 takes, a disk that is full.

    Leaves `into`/weights (delta.safetensors, adapter/), metrics.csv and the checkpoints, which are the caller's to remove once
    the weights are safe. A run that was stopped, or whose weights were damaged since, goes on from the newest valid checkpoint
    in `into`/checkpoints; a finished one returns its record. Raises ConfigError or GemmaAudioError.
    """
    if done := record.finished(into):
        return done
    record.discard(into)
    if trainer.threads:
        torch.set_num_threads(trainer.threads)
    module = _module(stage, model, trainer, data_folder, chain, plugins)
    checkpoints = SealedCheckpoints(into / "checkpoints")
    state, damaged = checkpoints.newest()
    if state is not None:
        module.restore(state)
    into.mkdir(parents=True, exist_ok=True)
    metrics = Metrics(into / record.METRICS, stage.name, module.start, stage.steps, log, progress)
    outputs = FeatureCache(cache_folder(chain, features, checkpoints.folder / "features"), reserve=RESERVE + _checkpoints(module))
    module.say = say
    module.begin(checkpoints, metrics, outputs, probe.every if probe else None)
    known = {"base": fingerprint(model), "savings": module.savings()}  # the fit may take the audio tower out
    if module.start < stage.steps:
        callbacks = [_dev_probe(probe, probe_folder, plugins, into, model, module.start)] if probe else []
        with _quiet():
            _lightning(trainer, checkpoints, callbacks).fit(module)
    return _finish(module, model, into, damaged, probe, known)


def _checkpoints(module: StageModule) -> int:
    """Bytes of the checkpoints that lie there while one is written: each holds the trained tensors and AdamW's two moments."""
    return (KEPT + 1) * 3 * sum(parameter.nbytes for parameter in module.trained().values())


def _dev_probe(
    probe: Probe, folder: Path | None, plugins: Sequence[str], into: Path, model: Model, start: int
) -> dev_probe.DevProbe:
    benchmark = benchmarks.load(probe.evaluation, folder, plugins)
    return dev_probe.DevProbe(probe, benchmark, into, model.source, start)


def _module(
    stage: Stage, model: Model, trainer: Trainer, data_folder: Path, chain: Sequence[Path], plugins: Sequence[str]
) -> StageModule:
    net, processor = load(model, chain, trainer.savings, rounded=False)
    objective = module_class(stage.objective, plugins)
    settings = {"savings": trainer.savings} if takes_savings(objective) else {}
    module: StageModule = objective(net, stage, Corpus.open(data_folder), Encoder(processor), stage.steps, **settings)
    module.examples.clips.check(module.examples.visited(stage.steps))
    return module


def _lightning(trainer: Trainer, checkpoints: SealedCheckpoints, callbacks: list[Any]) -> LightningTrainer:
    return LightningTrainer(
        accelerator=str(trainer.accelerator),
        devices=1,
        precision=trainer.precision,
        max_epochs=1,
        plugins=[checkpoints],
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


def _finish(
    module: StageModule, model: Model, into: Path, damaged: list[str], probe: Probe | None, known: dict[str, Any]
) -> dict[str, Any]:
    partial = into / "weights.partial"
    shutil.rmtree(partial, ignore_errors=True)
    module.trainables.export(partial, model.source)
    os.replace(partial, into / record.WEIGHTS)
    best = dev_probe.settle(into, probe) if probe else None
    figures = {
        "schema": 1,
        "stage": module.stage.name,
        "steps": module.steps,
        "seconds": round(module.seconds, 3),
        "tokens": module.tokens,
        "padding": round(1 - module.tokens / max(1, module.padded), 4),
        "features": module.heard(),
        "trained_parameters": sum(p.numel() for p in module.trained().values()),
        "micro_batch_size": module.micro_batch_size,
        "adapter_modules": module.trainables.adapter_modules(),
        **known,
        "out_of_memory": module.out_of_memory,
        "damaged_checkpoints": damaged,
        **({"best_dev_step": best, "kept": str(probe.keep)} if probe else {}),
    }
    written = record.write(into, figures)
    dev_probe.clean(into)
    return written


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning's tips and banners and what it warns of by design: no workers, gradients taken by hand."""
    loggers = [
        logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero")
    ]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
