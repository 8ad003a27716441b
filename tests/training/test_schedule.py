from __future__ import annotations

import pytest
import torch
from torch import nn

from gemma_audio.config.schema import Optim
from gemma_audio.training.schedule import adamw, learning_rate


def test_warm_up_is_linear_and_the_cosine_is_torchs_own() -> None:
    optim, steps = Optim(lr=0.3, warmup_steps=5, min_lr_ratio=0.1), 25
    assert [learning_rate(optim, k, steps) for k in range(5)] == pytest.approx([0.06, 0.12, 0.18, 0.24, 0.3])
    reference = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(reference, T_max=20, eta_min=0.03)
    for step in range(5, 25):
        assert learning_rate(optim, step, steps) == pytest.approx(reference.param_groups[0]["lr"])
        reference.step()
        cosine.step()


def test_a_peak_of_its_own_scales_the_whole_curve() -> None:
    optim, steps = Optim(lr=0.5, warmup_steps=5, min_lr_ratio=0.25), 25
    own = [learning_rate(optim, k, steps, 0.125) for k in range(steps)]
    assert own == [learning_rate(optim, k, steps) / 4 for k in range(steps)]


def test_decay_falls_on_matrices_only() -> None:
    matrix, vector = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    optimizer = adamw({matrix: 0.1, vector: 0.1}, Optim(lr=0.1, weight_decay=0.5))
    matrix.grad, vector.grad = torch.zeros(2, 2), torch.zeros(2)
    optimizer.step()
    assert matrix.unique().tolist() == pytest.approx([0.95])
    assert vector.unique().tolist() == [1.0]


def test_parameters_of_one_peak_share_a_group() -> None:
    one, two, three = (nn.Parameter(torch.ones(2, 2)) for _ in range(3))
    groups = adamw({one: 0.1, two: 0.2, three: 0.1}, Optim(lr=0.1)).param_groups
    assert [(group["peak"], len(group["params"])) for group in groups] == [(0.1, 2), (0.2, 1)]
