"""What is measured: E4B with random weights on the accelerator, or with `quick` the small untrained model on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from gemma_audio.cli.gpu.case import Case
from gemma_audio.cli.gpu.rows import row
from gemma_audio.config.compose import load_config
from gemma_audio.config.schema import Savings, Stage
from gemma_audio.data.collate import Encoded
from gemma_audio.data.encoder import Encoder
from gemma_audio.models import host_embedding, memory, untrained
from gemma_audio.models.architecture import E4B
from gemma_audio.models.hearing import CachedTower
from gemma_audio.models.precision import cast
from gemma_audio.training import fake_net, fake_step
from gemma_audio.world.tiny import build_model

CAPTION = 40
"""Tokens of a caption in stage 1."""
SEED = 0


@dataclass(frozen=True)
class Subject:
    """Builds models, stages and rows for one device; `micro` rows at a time, `batch` to an optimizer step."""

    device: torch.device
    quick: bool
    batch: int = 32
    micro: int = 4

    def net(self, savings: Savings, *, heard: bool = False) -> Any:
        """A model in bfloat16 on the device, its table and vision tower as `savings` ask; with `heard` without an audio tower."""
        memory.release()  # the last case's model goes before the next one comes
        if self.quick:
            net: Any = cast(build_model(SEED)[0], torch.bfloat16).to(self.device)
        else:
            net = untrained.build_net(E4B, device=str(self.device), vision=not savings.without_vision)
        if savings.host_embedding:
            host_embedding.install(net)
        if heard:
            net.model.audio_tower = CachedTower(torch.bfloat16)
        return net.eval()

    @cached_property
    def encoder(self) -> Encoder:
        return Encoder(build_model(SEED)[1] if self.quick else untrained.build_processor(E4B))

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Mels of a frame, and the width of the tower's output."""
        audio = self.net(Savings()).config.audio_config if self.quick else E4B.config().audio_config
        return audio.subsampling_conv_channels[0], audio.output_proj_dims

    def rows(self, seconds: float | tuple[float, float], count: int, *, heard: bool, answer: int = 12) -> list[Encoded]:
        """Rows with sounds of `seconds`, or of lengths drawn between two; always the same ones."""
        generator = np.random.default_rng(SEED)
        low, high = seconds if isinstance(seconds, tuple) else (seconds, seconds)
        mels, width = self.sizes
        lengths = np.round(generator.uniform(low, high, count), 2)
        return [row(length, self.encoder, mels, generator, heard=width if heard else 0, answer=answer) for length in lengths]

    def stage(self, recipe: str, key: str, *changes: str) -> Stage:
        """A stage of a recipe as it is configured, with this batch and recomputed activations."""
        sizes = (f"batch_size={self.batch}", f"micro_batch_size={self.micro}", "checkpointing=true", *changes)
        return load_config(f"recipe={recipe}", *(f"recipe.stages.{key}.{change}" for change in sizes)).recipe.stages[key]

    def adapter_stage(self, case: Case) -> Stage:
        """DoRA on the language model as published, with the case's dropout."""
        return self.stage("v3", "adapter", f"adapter.dropout={case.dropout}")

    def least_work(self, case: Case, tokens: int, sound: int, answer: int) -> float | None:
        """FLOPs of a step with every saving and nothing recomputed; None where the model is not E4B."""
        if self.quick:
            return None
        stage = self.adapter_stage(case)
        stage.checkpointing = False
        net = fake_net.skeleton(E4B.config(), "bfloat16", case.savings)
        shape = fake_step.Shape(self.micro, tokens, sound, answer)
        return fake_step.train(net, stage, case.savings, shape, mixed=True).flops * self.batch / self.micro
