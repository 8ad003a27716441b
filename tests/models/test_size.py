"""Sizes read from headers are those of the loaded model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gemma_audio.config import load_config
from gemma_audio.models import adapters
from gemma_audio.models.checks import problems
from gemma_audio.models.load import load
from gemma_audio.models.parts import groups
from gemma_audio.models.size import E4B, shapes, size

TINY = load_config().model


@pytest.fixture(scope="module")
def net() -> Any:
    return load(TINY)[0]


@pytest.mark.parametrize("trains", [["projector"], ["language_model", "per_layer_embedding"], ["language_model.layers[1:3]"]])
def test_the_parameters_of_parts(trains: list[str], net: Any) -> None:
    stage = replace(load_config("recipe=v3").recipe.stages["adapter"], trains=trains, adapter=None)
    known = size(TINY)
    assert known is not None
    assert known.trained(stage) == pytest.approx(
        sum(p.numel() for named in groups(net, trains).values() for _, p in named), rel=0.02
    )


def test_the_parameters_of_an_adapter() -> None:
    stage = load_config("recipe=v3").recipe.stages["adapter"]
    known = size(TINY)
    assert known is not None
    assert stage.adapter is not None
    wrapped = adapters.attach(load(TINY)[0], stage.adapter)
    assert known.trained(stage) == sum(p.numel() for name, p in wrapped.named_parameters() if "lora" in name)


def test_the_published_adapter_of_the_large_model() -> None:
    """PEFT counts 70,967,296 trainable numbers for DoRA of rank 32 on these projections of E4B."""
    assert E4B.trained(load_config("recipe=v3").recipe.stages["adapter"]) == 70_967_296


def test_a_file_that_is_no_safetensors_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0not json")
    assert shapes(tmp_path) == {}


def test_a_scope_that_matches_nothing_is_found_before_loading() -> None:
    place = "recipe.stages.adapter.adapter.scope.language_model"
    assert [p.place for p in problems(load_config(f"{place}=.*vision_tower.*"))] == [place]
    assert problems(load_config(f"{place}='('")) == []  # the config's own checks say so
    assert problems(load_config("recipe=v2")) == []
