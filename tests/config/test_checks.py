from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gemma_audio.config import Prompts, check_config, check_sweep, load_config
from gemma_audio.config.checks import arm_of
from gemma_audio.errors import Problem

ADAPTER = "recipe.stages.adapter"
MMAU = "evaluation=mmau_test_mini"


def problems(*overrides: str) -> list[Problem]:
    return check_config(load_config(*overrides))


@pytest.mark.parametrize(
    ("overrides", "place", "said"),
    [
        (["adapter@recipe.stages.adapter.adapter=dora_lm", f"{ADAPTER}.trains=[audio_towr]"], f"{ADAPTER}.trains", "audio_towr"),
        ([f"{ADAPTER}.trains=[attribute_heads]"], f"{ADAPTER}.trains", "per_layer_embedding"),
        ([f"{ADAPTER}.adapter=null"], ADAPTER, "trains nothing"),
        ([f"{ADAPTER}.micro_batch_size=5"], f"{ADAPTER}.micro_batch_size", "1, 2, 4, 8, 16"),
        ([f"{ADAPTER}.micro_batch_size=0"], f"{ADAPTER}.micro_batch_size", "0 is below 1"),
        ([f"{ADAPTER}.steps=0", f"{ADAPTER}.optim.warmup_steps=0"], f"{ADAPTER}.steps", "0 is below 1"),
        ([f"{ADAPTER}.steps=3"], f"{ADAPTER}.optim.warmup_steps", "3 steps"),
        ([f"{ADAPTER}.optim.lr=0"], f"{ADAPTER}.optim.lr", "not above 0"),
        ([f"{ADAPTER}.optim.lr=nan"], f"{ADAPTER}.optim.lr", "not above 0"),
        ([f"{ADAPTER}.prompts=null"], f"{ADAPTER}.prompts", "needs prompts"),
        ([f"{ADAPTER}.prompts.by_source.music_qa=[]"], f"{ADAPTER}.prompts.by_source.music_qa", "no prompt"),
        ([f"{ADAPTER}.prompts.by_source.music_qa=['  ']"], f"{ADAPTER}.prompts.by_source.music_qa", "empty"),
        ([f"{ADAPTER}.prompts.by_source.music_qa=[hello]"], f"{ADAPTER}.prompts.by_source.music_qa", "lacks {question}"),
        ([f"{ADAPTER}.adapter.target='('"], f"{ADAPTER}.adapter.target", "not a regular expression"),
        ([f"{ADAPTER}.adapter.rank=0"], f"{ADAPTER}.adapter.rank", "below 1"),
        ([f"{ADAPTER}.adapter.dropout=1.0"], f"{ADAPTER}.adapter.dropout", "[0, 1)"),
        ([f"{ADAPTER}.name=../x"], f"{ADAPTER}.name", "cannot name a folder"),
        (["name=a/b"], "name", "cannot name a folder"),
        ([MMAU], "evaluation.file", "not set"),
        ([MMAU], "evaluation.audio_dir", "not set"),
        ([MMAU, "evaluation.file=no.json"], "evaluation.file", "'no.json' not found"),
        ([MMAU, "evaluation.audio_dir=no"], "evaluation.audio_dir", "'no' not found"),
        (["evaluation.split=train"], "evaluation.split", "test, dev"),
        (["evaluation.prompt=hello"], "evaluation.prompt", "lacks {question}"),
        (["evaluation.method=letter", "evaluation.choice='{text}'"], "evaluation.choice", "lacks {letter}"),
        (["evaluation.limit=0"], "evaluation.limit", "below 1"),
        (["trainer.precision=bf16-mixd"], "trainer.precision", "bf16-mixd"),
        (["trainer.max_steps=0"], "trainer.max_steps", "below 1"),
        (["engine.parallel=0"], "engine.parallel", "below 1"),
        (["tracker.wandb.mode=cloud"], "tracker.wandb.mode", "offline, online"),
        (["model=gemma4_e4b"], "model.revision", "does not pin"),
        (["model=gemma4_e4b", "model.revision=main"], "model.revision", "does not pin"),
        (["model.dtype=bfloat16"], "trainer.precision", "bfloat16"),
        (["trainer.threads=null"], "trainer.threads", "decides the last bits"),
        (["model.source=./nowhere"], "model.source", "not found"),
        (["model.dtype=float8"], "model.dtype", "bfloat16"),
        (["data.clips=0"], "data.clips", "below 1"),
    ],
)
def test_a_problem_names_place_and_value_and_a_remedy(overrides: list[str], place: str, said: str) -> None:
    found = [problem for problem in problems(*overrides) if problem.place == place]
    assert found, [str(problem) for problem in problems(*overrides)]
    assert any(said in problem.message for problem in found)
    assert all(problem.remedy for problem in found)


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
        ({"music_qa": ["{question}"]}, [], "", "only some have prompts"),
        ({"music_qa": ["{question}"]}, ["music_qa", "radio_qa"], "", "no prompts for source 'radio_qa'"),
        ({"*": ["{question} {answer}"]}, [], ".*", "unknown field {answer}"),
        ({"*": ["{question"]}, [], ".*", "not a template"),
        ({"*": ["{choices}"]}, [], ".*", "lacks {question}"),
        ({"*": []}, [], ".*", "no prompt"),
    ],
)
def test_prompts_must_cover_every_source(by_source: dict[str, list[str]], sources: list[str], place: str, said: str) -> None:
    config = load_config()
    stage = replace(config.recipe.stages["adapter"], prompts=Prompts("mine", by_source), sources=sources)
    config.recipe.stages["adapter"] = stage
    found = check_config(config)
    assert any(p.place == f"{ADAPTER}.prompts.by_source{place}" and said in p.message for p in found), [str(p) for p in found]


def test_sources_that_are_all_listed_need_no_fallback() -> None:
    config = load_config()
    prompts = Prompts("mine", {"music_qa": ["{question}"]})
    config.recipe.stages["adapter"] = replace(config.recipe.stages["adapter"], prompts=prompts, sources=["music_qa"])
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


def test_cells_of_one_name_are_refused() -> None:
    (problem,) = cells(recipes=("v3", "v3"))
    assert "2 cells of this sweep are called 'v3-seed0'" in problem.message


def test_the_arm_is_the_name_of_what_the_axis_chose() -> None:
    assert arm_of(load_config("recipe=v2")) == "v2"
    axis = "recipe.stages.adapter.optim.lr"
    assert arm_of(load_config("recipe=v2", "sweep=v2_v3", f"sweep.axis={axis}", f"{axis}=0.25")) == "0.25"
