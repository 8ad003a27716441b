"""What a stage trains: parts in full and an adapter, in float32, everything else frozen; and what it leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from gemma_audio.config.checks.parts import check_rates
from gemma_audio.config.part import ADAPTER
from gemma_audio.config.schema import Savings, Stage
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.models import adapters, checkpointing, delta, dora, parts
from gemma_audio.training import order


class Trainables:
    """The model of one stage (`net`, wrapped by PEFT where the stage has an adapter) and the tensors that it trains."""

    def __init__(self, net: Any, stage: Stage, savings: Savings | None = None) -> None:
        if not stage.trains and stage.adapter is None:
            raise ConfigError([Problem("stage", f"{stage.name} trains nothing", "give it trains=[part] or an adapter")])
        if problems := list(check_rates("stage", stage)):
            raise ConfigError(problems)
        self.optim, self.savings = stage.optim, savings or Savings()
        net.requires_grad_(False)
        # The names before wrapping: what is written fits the plain model.
        groups = parts.groups(net, stage.trains)
        self.full: dict[str, nn.Parameter] = {name: p for group in groups.values() for name, p in group}
        self._entries = {p: entry for entry, group in groups.items() for _, p in group}
        self.base = net
        self.adapted = stage.adapter is not None
        self.net = self._attach(stage)
        self._entries |= {p: ADAPTER for p in self.net.parameters() if self.adapted and p.requires_grad}
        for parameter in self.full.values():
            parameter.data = parameter.data.float()  # bfloat16 would round most small updates away
            parameter.requires_grad_(True)
        self.norms = dora.install(self.net) if self.adapted and self.savings.factored_dora else dora.NormCache([])
        if stage.checkpointing:
            checkpointing.enable(net, stage.checkpoint_every_layers)

    def _attach(self, stage: Stage) -> Any:
        if stage.adapter is None:
            return self.base
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(order.torch_seed(stage.seed, 0))  # the adapter starts from random numbers
            return adapters.attach(self.base, stage.adapter)

    def peak(self, parameter: nn.Parameter) -> float:
        """Return the parameter's own learning rate after the warm-up: that of its part or adapter, or the stage's."""
        return self.optim.lr_by_part.get(self._entries.get(parameter, ""), self.optim.lr)

    def hears_frozen(self) -> bool:
        """Return whether no tensor of the audio tower is trained."""
        return not any(parameter.requires_grad for parameter in self.base.model.audio_tower.parameters())

    def adapter_modules(self) -> dict[str, dict[str, int]]:
        """Return, by part, how many layers carry an adapter, and how many of these no gradient has ever moved."""
        return adapters.modules(self.net) if self.adapted else {}

    def export(self, folder: Path, source: str) -> None:
        """Write `delta.safetensors` (parts trained in full) and `adapter/` (PEFT's files) as far as the stage has them."""
        if self.full:
            delta.save({name: parameter.data for name, parameter in self.full.items()}, folder)
        if self.adapted:
            with torch.no_grad():
                adapters.save(self.net, folder / "adapter", source)
