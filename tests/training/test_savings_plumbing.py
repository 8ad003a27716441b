"""The savings of the trainer reach every objective that asks for them, and the record says which were active."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from training_cases import make_stage

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Model, Savings, Trainer
from gemma_audio.training import run
from gemma_audio.training.adapter import AdapterTune
from gemma_audio.training.answers import AnswerModule
from gemma_audio.training.objectives import MODULES, takes_savings

NONE = dict.fromkeys(("supervised_logits", "shared_kv_pruning", "factored_dora", "cached_features", "without_vision"), False)


def test_the_built_in_objectives_take_them_and_a_plugins_need_not() -> None:
    class Plain(AnswerModule):
        def __init__(self, net: object, stage: object, corpus: object, encoder: object, steps: int) -> None: ...

    assert all(takes_savings(module) for module in MODULES.values())
    assert takes_savings(AdapterTune)
    assert not takes_savings(Plain)


@pytest.mark.parametrize(
    ("savings", "active"),
    [
        (Savings(**NONE), {"without_vision": True}),  # this model has no vision tower
        (Savings(factored_dora=True, host_embedding=True), dict.fromkeys([*NONE, "host_embedding"], True)),
    ],
)
def test_the_record_says_what_was_active(
    base: Model, data: Path, tmp_path: Path, savings: Savings, active: dict[str, bool]
) -> None:
    stage = make_stage(Objective.qa, steps=1)
    work = {"model": base, "data_folder": data, "chain": [], "into": tmp_path}
    trainer = Trainer(name="cpu", threads=1, savings=savings)
    run.train(stage, trainer=trainer, log=lambda *_: None, progress=lambda *_: None, **work)
    record = json.loads((tmp_path / "training.json").read_text())
    assert record["savings"] == dict.fromkeys([*NONE, "host_embedding"], False) | active


def test_an_objective_without_answers_saves_nothing_on_them(base: Model, data: Path, tmp_path: Path) -> None:
    stage = make_stage(Objective.attributes, steps=1)
    work = {"model": base, "data_folder": data, "chain": [], "into": tmp_path}
    record = run.train(stage, trainer=Trainer(name="cpu", threads=1), log=lambda *_: None, progress=lambda *_: None, **work)
    assert record["savings"] == dict.fromkeys([*NONE, "host_embedding"], False) | {"without_vision": True}
