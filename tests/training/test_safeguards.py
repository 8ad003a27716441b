"""What a stage does when memory runs out or figures stop being finite, and that every module really trains."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from training_cases import make_stage, train

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Model
from gemma_audio.errors import GemmaAudioError
from gemma_audio.training.answers import AnswerModule
from gemma_audio.training.module import StageModule


def test_every_module_trains_in_training_mode(base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[bool] = []
    real = StageModule.training_step

    def step(self: StageModule, number: int, index: int) -> None:
        modes.append(all(module.training for module in self.modules()))
        real(self, number, index)

    monkeypatch.setattr(StageModule, "training_step", step)
    train(make_stage(Objective.qa, steps=2), base, data, tmp_path)
    assert modes == [True, True]


def test_out_of_memory_in_the_probe_is_found_before_the_first_step(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AnswerModule.loss_sum

    def loss_sum(self: AnswerModule, rows: Any) -> torch.Tensor:
        if len(rows) > 1:
            raise torch.OutOfMemoryError
        return real(self, rows)

    monkeypatch.setattr(AnswerModule, "loss_sum", loss_sum)
    record = train(make_stage(Objective.caption), base, data, tmp_path)
    assert record["out_of_memory"] == [{"step": -1, "micro_batch_size": 1}]
    assert record["steps"] == 6


def test_a_loss_that_is_not_finite_stops_the_run(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnswerModule, "loss_sum", lambda self, rows: next(iter(self.trained().values())).sum() * float("nan"))
    with pytest.raises(GemmaAudioError, match="the loss of step 1 is nan"):
        train(make_stage(Objective.caption), base, data, tmp_path)
    assert not list((tmp_path / "checkpoints").glob("*"))  # broken weights are not saved


def test_a_gradient_that_is_not_finite_in_the_last_step_leaves_no_weights(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = torch.nn.utils.clip_grad_norm_, itertools.count(1)

    def clip(parameters: Any, limit: float) -> torch.Tensor:
        norm: torch.Tensor = real(parameters, limit)
        return norm * float("inf") if next(calls) == 6 else norm

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", clip)
    with pytest.raises(GemmaAudioError, match=r"stage caption_stage: the gradient norm of step 6 is inf; lower optim\.lr"):
        train(make_stage(Objective.caption), base, data, tmp_path)
    assert not (tmp_path / "weights").exists()
    assert not (tmp_path / "checkpoints" / "step-00000006.pt").exists()


def test_weights_that_are_not_finite_after_the_last_step_are_not_exported(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loss and gradient norm of a step are taken before it moves the weights."""
    real = StageModule.training_step

    def step(self: StageModule, number: int, index: int) -> None:
        real(self, number, index)
        if number == 5:
            next(iter(self.trained().values())).data.view(-1)[0] = float("nan")

    monkeypatch.setattr(StageModule, "training_step", step)
    with pytest.raises(GemmaAudioError, match=r"stage caption_stage: after step 6 net\..* holds nan; lower optim\.lr"):
        train(make_stage(Objective.caption), base, data, tmp_path)
    assert not (tmp_path / "weights").exists()
    assert not (tmp_path / "checkpoints" / "step-00000006.pt").exists()
