"""AdamW and its learning rate as a pure function of the step."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import nn

from gemma_audio.config.schema import Optim


def learning_rate(optim: Optim, step: int, steps: int, peak: float | None = None) -> float:
    """Return the rate of step `step` (from 0) of `steps`: linear warm-up, then a cosine down to `min_lr_ratio` of the peak.

    The peak is `optim.lr` unless given.
    """
    peak = optim.lr if peak is None else peak
    if step < optim.warmup_steps:
        return peak * (step + 1) / optim.warmup_steps
    done = (step - optim.warmup_steps) / max(1, steps - optim.warmup_steps)
    floor = optim.min_lr_ratio
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))


def adamw(peaks: Mapping[nn.Parameter, float], optim: Optim) -> torch.optim.AdamW:
    """Return AdamW over the parameters, each with its own peak rate, kept as `peak` in its parameter group.

    Weight decay falls on matrices only, not on norms, biases, gates and DoRA's magnitudes.
    """
    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for parameter, peak in peaks.items():
        groups.setdefault((parameter.ndim < 2, peak), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": groups[spared, peak], "lr": peak, "peak": peak, "weight_decay": 0.0 if spared else optim.weight_decay}
            for spared, peak in sorted(groups)
        ],
        betas=(optim.beta1, optim.beta2),
    )
