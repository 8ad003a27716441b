"""Small stages and modules that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Adapter, Model, Optim, Prompts, Stage, Trainer
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.models.feature_cache import FeatureCache
from gemma_audio.models.hearing import Hearing
from gemma_audio.models.load import load
from gemma_audio.training import run
from gemma_audio.training.module import StageModule
from gemma_audio.training.objectives import MODULES

LANGUAGE = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"


def make_stage(objective: Objective, **changes: object) -> Stage:
    """Six steps of four rows; captions train the sound, questions a DoRA with dropout."""
    sound = objective in (Objective.caption, Objective.attributes)
    adapter = Adapter(name="dora", rank=4, alpha=8, dropout=0.1, scope={"language_model": LANGUAGE})
    prompts = ["{question}\n{choices}"] if objective == Objective.qa else ["Describe the audio.", "What do you hear?"]
    settings: dict[str, object] = {
        "name": f"{objective}_stage", "objective": objective, "trains": ["audio_tower", "projector"] if sound else [],
        "adapter": adapter if objective == Objective.qa else None, "prompts": Prompts(name="p", by_source={"*": prompts}),
        "steps": 6, "batch_size": 4, "micro_batch_size": 2, "save_every": 2, "seed": 1,
        "optim": Optim(lr=1e-3, weight_decay=0.01, warmup_steps=2),
    }  # fmt: skip
    if objective == Objective.alignment:
        settings["trains"] = ["projector", "language_model", "per_layer_embedding"]
    return Stage(**{**settings, **changes})  # type: ignore[arg-type]


def make_module(stage: Stage, base: Model, data: Path, *, dropout: bool = True) -> StageModule:
    """The stage's module ready for single calls, outside a Lightning fit."""
    net, processor = load(base)
    if not dropout:
        for layer in net.model.language_model.layers:
            layer.self_attn.attention_dropout = 0.0
    module: StageModule = MODULES[stage.objective](net, stage, Corpus.open(data), Encoder(processor), stage.steps)
    module.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign]
    module.train()
    return module


def hear(module: StageModule, folder: Path) -> Hearing:
    """Put a frozen tower's outputs, kept in `folder`, in its place, as a fit does at its start."""
    module.precision = nullcontext  # type: ignore[method-assign]
    module.features = FeatureCache(folder)
    module.hear()
    assert module.hearing
    return module.hearing


def gradients(module: StageModule) -> dict[str, torch.Tensor]:
    taken = {name: p.grad.clone() for name, p in module.trained().items() if p.grad is not None}
    module.zero_grad(set_to_none=True)
    return taken


def worst(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    """Largest difference relative to the norm of the whole gradient."""
    assert set(a) == set(b)
    norm = torch.stack([g.norm() for g in a.values()]).norm()
    return max(float((a[name] - b[name]).norm() / norm) for name in a)


def train(stage: Stage, base: Model, data: Path, into: Path, log: Callable[..., None] = lambda *_: None) -> dict[str, Any]:
    """Run a stage on one CPU thread; `log` may raise to end it in the middle."""
    trainer = Trainer(name="cpu", threads=1)
    return run.train(
        stage, model=base, data_folder=data, trainer=trainer, chain=[], into=into, log=log, progress=lambda *_: None
    )  # fmt: skip
