"""The recipes differ in the factors that they claim and in no other; every sweep is whole and passes all checks."""

from __future__ import annotations

from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from gemma_audio.cli.main import main
from gemma_audio.config import CONF, Config, check_config, check_sweep, load_config
from gemma_audio.config.checks import arm_of
from gemma_audio.models.checks import problems as model_problems

SWEEPS = sorted(path.stem for path in (CONF / "sweep").glob("*.yaml"))
DIFFERENCES = {  # recipe: the recipe it is measured against, and the one place where the two differ
    "v3": ("v2", "stages.encoder"),
    "v3_matched": ("v3", "stages.adapter.steps"),
    "v2_task_prompts": ("v2", "stages.encoder.prompts"),
    "v3_generic_prompts": ("v3", "stages.adapter.prompts"),
    "encoder_only": ("v2", "stages.adapter"),
    "v2_single_domain": ("v2", "stages.encoder.mix.sources"),
    "v2_single_domain_task_prompts": ("v2_single_domain", "stages.encoder.prompts"),
    "v2_projector": ("v2", "stages.encoder.trains"),
    "v2_projector_task_prompts": ("v2_task_prompts", "stages.encoder.trains"),
    "v2_projector_single_domain": ("v2_single_domain", "stages.encoder.trains"),
    "v2_projector_single_domain_task_prompts": ("v2_single_domain_task_prompts", "stages.encoder.trains"),
    "v2_tuned": ("v2", "stages.encoder.optim.lr"),
    "v2_high_rate": ("v2", "stages.encoder.optim.lr"),
    "v2_short": ("v2", "stages.encoder.steps"),
    "v2_long": ("v2", "stages.encoder.steps"),
    "v2_quarter_data": ("v2", "stages.encoder.mix.share"),
}
SWAPS = [  # a fragment that is swapped inside a stage: recipe, override, the place where the recipe then differs
    ("v3", "adapter@recipe.stages.adapter.adapter=dora_published", "stages.adapter.adapter.scope"),
    ("v3", "adapter@recipe.stages.adapter.adapter=dora_audio", "stages.adapter.adapter.scope"),
    ("v2", "mix@recipe.stages.encoder.mix=single_domain", "stages.encoder.mix.sources"),
    ("v2", "mix@recipe.stages.encoder.mix=all", "stages.encoder.mix.sources"),
    ("v2", "prompts@recipe.stages.encoder.prompts=task_captions", "stages.encoder.prompts.by_source"),
    ("v3", "prompts@recipe.stages.adapter.prompts=generic_questions", "stages.adapter.prompts.by_source"),
]


def leaves(node: Any, place: str = "") -> dict[str, Any]:
    """Every value of a resolved config by its place, names of fragments left out."""
    if isinstance(node, dict) and node:
        found: dict[str, Any] = {}
        for key, value in node.items():
            if key != "name" or "steps" in node:  # a stage's name counts, a fragment's does not
                found |= leaves(value, f"{place}.{key}".lstrip("."))
        return found
    return {place: node}


def differing(one: Config, other: Config) -> set[str]:
    a, b = leaves(asdict(one)), leaves(asdict(other))
    return {place for place in a.keys() | b.keys() if place not in a or place not in b or a[place] != b[place]}


def lies_in(places: set[str], place: str) -> bool:
    return bool(places) and all(f"{found}.".startswith(f"recipe.{place}.") for found in places)


@pytest.mark.parametrize("recipe", DIFFERENCES)
def test_a_recipe_differs_from_its_reference_in_the_factor_it_claims(recipe: str) -> None:
    reference, place = DIFFERENCES[recipe]
    places = differing(load_config(f"recipe={recipe}"), load_config(f"recipe={reference}"))
    assert lies_in(places, place), places
    comment = " ".join(line[1:].strip() for line in (CONF / f"recipe/{recipe}.yaml").read_text().splitlines() if line[0] == "#")
    assert reference in comment
    assert load_config(f"recipe={recipe}").recipe.name == recipe


@pytest.mark.parametrize(("recipe", "override", "place"), SWAPS)
def test_a_swapped_fragment_changes_nothing_else(recipe: str, override: str, place: str) -> None:
    swapped = load_config(f"recipe={recipe}", override)
    assert lies_in(differing(swapped, load_config(f"recipe={recipe}")), place)
    assert check_config(swapped) == []


def test_every_recipe_but_the_anchors_claims_a_difference() -> None:
    assert {path.stem for path in (CONF / "recipe").glob("*.yaml")} == {*DIFFERENCES, "base", "v2", "pretrain_tiny"}


def test_the_matched_recipe_takes_as_many_steps_as_v2() -> None:
    v2, matched = (load_config(f"recipe={name}").recipe.stages for name in ("v2", "v3_matched"))
    assert sum(stage.steps for stage in matched.values()) == sum(stage.steps for stage in v2.values())
    assert list(matched) == ["adapter"]


def test_a_prompt_set_of_the_captions_serves_every_source_and_shares_no_wording() -> None:
    stage = load_config("recipe=v2_task_prompts").recipe.stages["encoder"]
    assert stage.prompts is not None
    assert sorted(stage.prompts.by_source) == sorted(stage.mix.sources)
    wordings = [text for texts in stage.prompts.by_source.values() for text in texts]
    assert len(wordings) == len(set(wordings)) >= 5


def test_generic_questions_are_five_wordings_for_all_sources() -> None:
    prompts = load_config("recipe=v3_generic_prompts").recipe.stages["adapter"].prompts
    assert prompts is not None
    assert list(prompts.by_source) == ["*"]
    assert len(set(prompts.by_source["*"])) == 5


def test_mixes() -> None:
    encoder = load_config("recipe=v2").recipe.stages["encoder"].mix
    assert set(encoder.sources) == {"clotho", "fsd50k", "musicbench", "musicqa", "librispeech"}
    assert load_config("recipe=v3").recipe.stages["adapter"].mix.sources == []


def cells(sweep: str) -> list[Config]:
    params = OmegaConf.to_object(OmegaConf.load(CONF / "sweep" / f"{sweep}.yaml").hydra.sweeper.params)
    assert isinstance(params, dict)
    axes = [[f"{key}={value.strip()}" for value in str(values).split(",")] for key, values in params.items()]
    return [load_config(f"sweep={sweep}", *overrides) for overrides in product(*axes)]


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_sweep_has_its_declared_arms_for_every_seed_and_no_problem(sweep: str) -> None:
    configs = cells(sweep)
    declared = configs[0].sweep
    assert declared is not None
    assert declared.name == sweep
    assert check_sweep(configs, multirun=True) == []
    assert [problem for config in configs for problem in (*check_config(config), *model_problems(config))] == []
    seeds = sorted({config.seed for config in configs})
    for seed in seeds:
        assert [arm_of(config) for config in configs if config.seed == seed] == declared.arms
    assert len({config.name for config in configs}) == len(configs) == len(seeds) * len(declared.arms)
    assert declared.decision.strip()


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_sweep_can_be_planned(sweep: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seeds = [] if sweep == "aa" else ["seed=0"]  # one arm against itself needs all of its runs
    code = main(["gemma-audio", "-m", f"sweep={sweep}", *seeds, "plan=true", f"out={tmp_path}"])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "To do:" in said.out


def test_the_seed_varies_slowest() -> None:
    for sweep in SWEEPS:
        params = OmegaConf.load(CONF / "sweep" / f"{sweep}.yaml").hydra.sweeper.params
        assert next(iter(params)) == "seed"
