"""A stage's module outside a Lightning fit, and its optimizer steps one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gemma_audio.cli.bench.setting import Setting
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.models.feature_cache import FeatureCache
from gemma_audio.models.hearing import CachedTower, Hearing
from gemma_audio.models.load import load
from gemma_audio.training.module import StageModule
from gemma_audio.training.objectives import module_class


def module(setting: Setting, name: str) -> StageModule:
    """The stage `name` of the config on top of the base model, in training mode."""
    net, processor = load(setting.config.model)
    stage = replace(setting.config.recipe.stages[name], micro_batch_size=setting.config.recipe.stages[name].batch_size)
    made: StageModule = module_class(stage.objective)(net, stage, Corpus.open(setting.world), Encoder(processor), stage.steps)
    return made.train()


def hear_once(made: StageModule, batches: int, folder: Path) -> None:
    """Put the frozen tower's output for the clips of the first batches in the tower's place, as a run does at its start."""
    extractor = made.examples.encoder.processor.feature_extractor
    hearing = Hearing(made.base.model.audio_tower, extractor, FeatureCache(folder))
    made.examples.clips.hear(hearing, made.examples.visited(batches))
    made.base.model.audio_tower = CachedTower(hearing.dtype)
    made.train()


class Steps:
    """Optimizer steps over the first `batches` batches; calling it returns their losses."""

    def __init__(self, made: StageModule, batches: int) -> None:
        self.module, self.batches = made, batches
        self._optimizer = made.configure_optimizers()
        self._trained = list(made.trained().values())

    @property
    def tokens(self) -> int:
        """Tokens of one call."""
        return sum(len(row) for number in range(self.batches) for row in self.module.examples.rows(number))

    def __call__(self) -> list[float]:
        return [self._step(number) for number in range(self.batches)]

    def checkpoint(self) -> dict[str, Any]:
        """Trained tensors and the optimizer's state, as a save point keeps them."""
        return {
            "tensors": {name: parameter.data for name, parameter in self.module.trained().items()},
            "optimizer": self._optimizer.state_dict(),
        }

    def _step(self, number: int) -> float:
        rows = self.module.examples.rows(number)
        loss = self.module.loss_sum(rows) / sum(self.module.weight(row) for row in rows)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self._trained, self.module.stage.optim.grad_clip)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())
