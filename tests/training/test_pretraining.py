"""The two objectives that made the small model learn, and leave what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors import safe_open
from training_cases import make_stage, train

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Model
from gemma_audio.models.load import load


@pytest.mark.parametrize("objective", [Objective.attributes, Objective.alignment])
def test_pretraining_objectives_learn(base: Model, data: Path, tmp_path: Path, objective: Objective) -> None:
    losses: list[float] = []
    stage = make_stage(objective, steps=40)
    record = train(stage, base, data, tmp_path, lambda _, metrics: losses.append(metrics["loss"]))
    assert sum(losses[-8:]) < sum(losses[:8])
    names = load_names(tmp_path / "weights" / "delta.safetensors")
    assert not any("heads" in name for name in names)
    prefix = "model.audio_tower." if objective == Objective.attributes else "model.language_model."
    assert any(name.startswith(prefix) for name in names)
    assert record["trained_parameters"] > 0
    load(base, [tmp_path])


def load_names(path: Path) -> list[str]:
    with safe_open(path, "pt") as file:
        return list(file.keys())
