"""Rules of one config and of a sweep, called directly; tests/config/test_bad_configs.py has the command lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gemma_audio.config import Mix, Prompts, check_config, check_sweep, load_config
from gemma_audio.config.checks import arm_of
from gemma_audio.errors import Problem

ADAPTER = "recipe.stages.adapter"


def problems(*overrides: str) -> list[Problem]:
    return check_config(load_config(*overrides))


def test_a_near_miss_is_guessed() -> None:
    assert "Did you mean 'projector'?" in [p.remedy for p in problems(f"{ADAPTER}.trains=[projecter]")]


def test_out_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert [p.place for p in problems(f"out={tmp_path}/file/deep")] == ["out"]
    assert problems(f"out={tmp_path}/new/deep") == []


def test_all_problems_are_found_together() -> None:
    bad = ["engine.parallel=0", f"{ADAPTER}.micro_batch_size=3", f"{ADAPTER}.trains=[x]"]
    places = sorted(problem.place for problem in problems("recipe=v3", *bad))
    assert places == ["engine.parallel", f"{ADAPTER}.micro_batch_size", f"{ADAPTER}.trains"]


@pytest.mark.parametrize(
    ("by_source", "sources", "place", "said"),
    [
        ({"music_qa": ["{question}"]}, ["music_qa", "radio_qa"], "", "no prompts for source 'radio_qa'"),
        ({"*": ["{question} {answer}"]}, [], ".*", "unknown field {answer}"),
        ({"*": ["{question"]}, [], ".*", "not a template"),
        ({"*": ["{choices}"]}, [], ".*", "lacks {question}"),
        ({"*": []}, [], ".*", "no prompt"),
    ],
)
def test_prompts_must_cover_every_source(by_source: dict[str, list[str]], sources: list[str], place: str, said: str) -> None:
    config = load_config()
    stage = replace(config.recipe.stages["adapter"], prompts=Prompts("mine", by_source), mix=Mix("mine", sources))
    config.recipe.stages["adapter"] = stage
    found = check_config(config)
    assert any(p.place == f"{ADAPTER}.prompts.by_source{place}" and said in p.message for p in found), [str(p) for p in found]


def test_sources_that_are_all_listed_need_no_fallback() -> None:
    config = load_config()
    prompts = Prompts("mine", {"music_qa": ["{question}"]})
    config.recipe.stages["adapter"] = replace(config.recipe.stages["adapter"], prompts=prompts, mix=Mix("mine", ["music_qa"]))
    assert check_config(config) == []


def test_attribute_heads_need_no_prompts() -> None:
    assert problems("experiment=pretrain_tiny") == []


def cells(*overrides: str, recipes: tuple[str, ...] = ("base", "v2", "v3")) -> list[Problem]:
    return check_sweep([load_config(f"recipe={recipe}", *overrides) for recipe in recipes], multirun=True)


def test_a_sweep_without_multirun_is_refused_with_the_remedy() -> None:
    (problem,) = check_sweep([load_config("sweep=v2_v3")], multirun=False)
    assert "gemma-audio -m sweep=v2_v3" in problem.remedy


def test_a_sweep_must_have_its_baseline_and_treatment() -> None:
    assert cells("sweep=v2_v3") == []
    assert [p.place for p in cells("sweep=v2_v3", recipes=("base", "v2"))] == ["sweep.treatment"]
    assert [p.place for p in cells("sweep=v2_v3", "sweep.baseline=v7")] == ["sweep.baseline"]
    assert [p.place for p in cells("sweep=v2_v3", "sweep.treatment=v2")] == ["sweep.treatment"]
    assert [p.place for p in cells("sweep=v2_v3", "sweep.alpha=5")] == ["sweep.alpha"]


def test_the_arm_is_the_name_of_what_the_axis_chose() -> None:
    assert arm_of(load_config("recipe=v2")) == "v2"
    axis = "recipe.stages.adapter.optim.lr"
    assert arm_of(load_config("recipe=v2", "sweep=v2_v3", f"sweep.axis={axis}", f"{axis}=0.25")) == "0.25"
