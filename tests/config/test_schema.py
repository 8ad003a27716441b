from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from gemma_audio.config import role, schema

CLASSES = [node for _, node in inspect.getmembers(schema, dataclasses.is_dataclass) if node.__module__ == schema.__name__]


@pytest.mark.parametrize("node", CLASSES)
def test_every_field_is_identity_or_runtime(node: Any) -> None:
    roles = {f.name: f.metadata.get(role.ROLE) for f in dataclasses.fields(node)}
    unclassified = [name for name, found in roles.items() if found not in (role.IDENTITY, role.RUNTIME)]
    assert not unclassified, f"declare each field of {node.__name__} with identity() or runtime()"


def test_the_schema_has_a_class_for_every_group() -> None:
    names = {node.__name__ for node in CLASSES}
    groups = "Model Data Prompts Mix Adapter Optim Stage Recipe Evaluation Probe Savings Trainer Tracker Sweep Engine"
    assert names == {*groups.split(), "Config"}


def test_what_decides_a_result_is_identity_and_what_only_names_it_is_not() -> None:
    roles = {f"{node.__name__}.{f.name}": f.metadata[role.ROLE] for node in CLASSES for f in dataclasses.fields(node)}
    decide = "Stage.seed Stage.steps Stage.micro_batch_size Optim.lr Adapter.dropout Trainer.precision Trainer.threads"
    only_name = "Stage.save_every Evaluation.batch_size Evaluation.file Config.out Recipe.name Prompts.name"
    assert {roles[place] for place in decide.split()} == {role.IDENTITY}
    assert {roles[place] for place in only_name.split()} == {role.RUNTIME}
