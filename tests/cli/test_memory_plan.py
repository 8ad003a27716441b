from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from gemma_audio.cli import memory
from gemma_audio.config import load_config
from gemma_audio.config.schema import Config


def config(*overrides: str) -> Config:
    return load_config("recipe=v3", *overrides)


def shown(*configs: Config) -> str:
    console = Console(width=200, file=StringIO())
    for part in memory.tables(configs):
        console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_run_on_a_cpu_has_no_memory_plan() -> None:
    assert shown(config()) == ""


def test_stages_that_differ_in_their_seed_are_planned_once() -> None:
    one = config("trainer.memory_gb=1")
    assert len(list(memory.stages([one, replace(one, seed=1)]))) == 1
    assert len(list(memory.stages([one, config("trainer.memory_gb=1", "trainer.savings.supervised_logits=false")]))) == 2


def test_a_stage_that_fits_says_so_by_part() -> None:
    text = shown(config("trainer.memory_gb=8"))
    for part in ("weights: language model", "weights: adapter", "gradients", "optimizer", "activations and logits", "evaluation"):
        assert part in text
    assert "Fits: " in text
    assert "of 8.00 GB" in text


def test_one_that_does_not_fit_says_what_to_type_the_largest_effect_first() -> None:
    text = shown(config("trainer.memory_gb=0.1", "recipe.stages.adapter.micro_batch_size=16"))
    assert "Does not fit: " in text
    lines = [line.split() for line in text.splitlines() if " saves " in line]
    saved = [float(line[-2]) for line in lines]
    assert saved == sorted(saved, reverse=True)
    assert saved[-1] > 0
    assert {"recipe.stages.adapter.checkpointing=true", "recipe.stages.adapter.micro_batch_size=8"} <= {line[0] for line in lines}


@pytest.mark.parametrize("source", ["someone/gemma-4-E9B-it"])
def test_an_unknown_architecture_is_no_error(source: str) -> None:
    one = config("trainer.memory_gb=24")
    assert "not known on this machine" in shown(replace(one, model=replace(one.model, source=source)))
