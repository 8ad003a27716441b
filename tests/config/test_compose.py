from __future__ import annotations

from pathlib import Path

import pytest
from hydra.errors import ConfigCompositionException, MissingConfigException

from gemma_audio.config import CONF, Stage, check_config, load_config
from gemma_audio.config.kinds import Objective, TrackerKind, Weights
from gemma_audio.errors import ConfigError

OPTIONS = sorted(path.relative_to(CONF).with_suffix("").as_posix() for path in CONF.glob("*/*.yaml"))
PLACES = {
    "stage": "stage@recipe.stages.adapter",
    "prompts": "prompts@recipe.stages.adapter.prompts",
    "adapter": "adapter@recipe.stages.adapter.adapter",
    "mix": "mix@recipe.stages.adapter.mix",
    "savings": "savings@trainer.savings",
}
COMMIT = "model.revision=0123456789012345678901234567890123456789"
NEEDS = {  # what a file leaves to the user, because no default could be right
    "model/gemma4_e2b": [COMMIT, "trainer=gpu"],
    "model/gemma4_e4b": [COMMIT, "trainer=gpu"],
    "model/gemma4_e4b_random": ["trainer=gpu"],
    "experiment/e4b_24gb": [COMMIT, "data.file={file}", "evaluation.file={file}", "evaluation.audio_dir={folder}"],
    "adapter/dora_published_vision": ["trainer.savings.without_vision=false"],
    "evaluation/mmau_test_mini": ["evaluation.file={file}", "evaluation.audio_dir={folder}"],
    "evaluation/mcq_file": ["evaluation.file={file}"],
    "data/manifest": ["data.file={file}"],
    "prompts/generic5": ["recipe.stages.adapter.objective=caption"],
    "prompts/task_captions": ["recipe.stages.adapter.objective=caption", "mix@recipe.stages.adapter.mix=mixed"],
}


def test_the_groups_of_the_design_are_all_there() -> None:
    wanted = """adapter/dora_audio adapter/dora_lm adapter/dora_published adapter/dora_published_vision data/embedded
        engine/local evaluation/embedded evaluation/mmau_test_mini experiment/e4b_24gb
        experiment/pretrain_tiny experiment/smoke mix/all mix/mixed mix/single_domain model/gemma4_e2b
        model/gemma4_e4b model/gemma4_e4b_random model/tiny model/tiny_untrained prompts/generic5
        prompts/generic_questions prompts/task_captions prompts/task_specific recipe/base recipe/encoder_only
        recipe/pretrain_tiny recipe/v2 recipe/v2_task_prompts recipe/v3 recipe/v3_generic_prompts
        recipe/v3_matched stage/adapter_tune stage/alignment stage/attribute_warmup stage/encoder_retrain
        sweep/adapter_scope sweep/captions sweep/encoder_budget sweep/smoke sweep/v2_v3 sweep/what_hurts
        tracker/csv tracker/wandb trainer/cpu trainer/gpu trainer/gpu_24gb savings/all savings/none
        savings/small"""
    assert set(wanted.split()) <= set(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_file_composes_passes_the_checks_and_says_what_it_is_for(option: str, tmp_path: Path) -> None:
    group, name = option.split("/")
    (tmp_path / "rows.json").write_text("[]")
    needs = [need.format(file=tmp_path / "rows.json", folder=tmp_path) for need in NEEDS.get(option, [])]
    chosen = f"{PLACES.get(group, group)}={name if group != 'tracker' else f'[{name}]'}"
    assert check_config(load_config(chosen, f"out={tmp_path}", *needs)) == []
    comments = [line for line in (CONF / f"{option}.yaml").read_text().splitlines() if line.startswith("# ")]
    assert any("@package" not in line for line in comments)


def test_a_recipe_is_an_ordered_dict_of_stages() -> None:
    assert list(load_config("recipe=base").recipe.stages) == []
    assert list(load_config("recipe=v2").recipe.stages) == ["encoder", "adapter"]
    assert list(load_config("recipe=v3").recipe.stages) == ["adapter"]
    assert list(load_config("recipe=pretrain_tiny").recipe.stages) == ["warmup", "alignment"]


def test_v3_is_v2_without_the_encoder_stage() -> None:
    v2, v3 = load_config("recipe=v2").recipe.stages, load_config("recipe=v3").recipe.stages
    assert v2["adapter"] == v3["adapter"]


def test_a_stage_is_swapped_from_the_command_line() -> None:
    stages = load_config("recipe=v2", "stage@recipe.stages.encoder=alignment").recipe.stages
    assert list(stages) == ["encoder", "adapter"]
    assert stages["encoder"].objective == Objective.alignment


def test_a_stage_is_tuned_from_the_command_line() -> None:
    tuned = load_config("recipe=v2", "recipe.stages.adapter.optim.lr=1e-5").recipe.stages
    assert tuned["adapter"].optim.lr == 1e-5
    assert tuned["encoder"] == load_config("recipe=v2").recipe.stages["encoder"]


def test_a_stage_is_deleted_from_the_command_line() -> None:
    left = load_config("recipe=v2", "~stage@recipe.stages.encoder").recipe.stages
    assert left == load_config("recipe=v3").recipe.stages


def test_a_stage_is_added_from_the_command_line() -> None:
    stages = load_config("recipe=v3", "+stage@recipe.stages.warmup=attribute_warmup").recipe.stages
    assert set(stages) == {"adapter", "warmup"}


def test_prompts_and_adapter_are_swapped_inside_a_stage() -> None:
    stage = load_config("prompts@recipe.stages.adapter.prompts=generic5").recipe.stages["adapter"]
    assert stage.prompts is not None
    assert list(stage.prompts.by_source) == ["*"]
    assert len(stage.prompts.by_source["*"]) == 5


def test_the_published_stages() -> None:
    encoder, adapter = load_config("recipe=v2").recipe.stages.values()
    assert (encoder.trains, encoder.adapter, encoder.objective) == (["audio_tower", "projector"], None, Objective.caption)
    assert (adapter.trains, adapter.objective) == ([], Objective.qa)
    assert adapter.adapter is not None
    assert (adapter.adapter.rank, adapter.adapter.alpha, adapter.adapter.dropout) == (32, 64, 0.05)


def test_seeds_reach_the_stages_and_the_name() -> None:
    config = load_config("recipe=v2", "seed=7")
    assert config.name == "v2-seed7"
    assert [stage.seed for stage in config.recipe.stages.values()] == [7, 7]
    fixed = load_config("recipe=v2", "seed=7", "recipe.stages.encoder.seed=0").recipe.stages
    assert [stage.seed for stage in fixed.values()] == [0, 7]


def test_trackers_are_chosen_several_at_once() -> None:
    assert [t.kind for t in load_config().tracker.values()] == [TrackerKind.csv, TrackerKind.wandb]
    assert list(load_config("tracker=[csv]").tracker) == ["csv"]


def test_pretraining_starts_from_random_weights() -> None:
    assert load_config("experiment=pretrain_tiny").model.weights is Weights.random


def test_max_steps_caps_every_stage_and_its_warm_up() -> None:
    stages = load_config("recipe=v2", "trainer.max_steps=6").recipe.stages.values()
    assert [stage.steps for stage in stages] == [6, 6]
    assert all(stage.optim.warmup_steps <= 3 for stage in stages)


def test_everything_is_a_dataclass_of_the_schema() -> None:
    assert isinstance(load_config().recipe.stages["adapter"], Stage)


def test_a_value_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"data\.clips"):
        load_config("data.clips=???")


def test_unknown_options_and_keys_are_errors() -> None:
    with pytest.raises(MissingConfigException):
        load_config("recipe=v9")
    with pytest.raises(ConfigCompositionException):
        load_config("recipe.stages.adapter.step=3")
