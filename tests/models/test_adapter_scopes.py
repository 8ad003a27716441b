"""Which modules each scope adapts, on the small model and on the architecture of Gemma 4 E4B without its weights."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from gemma_audio.config import load_config
from gemma_audio.config.schema import Adapter, Model, Stage
from gemma_audio.errors import ConfigError
from gemma_audio.models import adapters
from gemma_audio.models.architecture import E4B
from gemma_audio.models.load import load
from gemma_audio.models.prefixes import ADAPTED, part_of
from gemma_audio.models.scope import pattern
from gemma_audio.models.size import E4B as SIZE
from gemma_audio.models.untrained import build_net

SCOPES = ["dora_lm", "dora_published", "dora_published_vision", "dora_audio"]
TOWER = "~recipe.stages.adapter.adapter.scope.projector"


def scope(name: str, *more: str) -> Adapter:
    adapter = load_config("recipe=v3", f"adapter@recipe.stages.adapter.adapter={name}", *more).recipe.stages["adapter"].adapter
    assert adapter is not None
    return adapter


def by_part(targets: list[str]) -> dict[str | None, int]:
    return Counter(part_of(name, ADAPTED) for name in targets)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # layers 2 and 3 share the keys and values of earlier ones and have no projections for them
        ("dora_lm", {"language_model": 2 * 7 + 2 * 5}),
        ("dora_published", {"language_model": 2 * 7 + 2 * 5, "audio_tower": 3 * 3}),
        ("dora_audio", {"audio_tower": 3 * 10, "projector": 1}),
    ],
)
def test_modules_of_a_scope_on_the_small_model(base: Model, name: str, expected: dict[str, int]) -> None:
    wrapped = adapters.attach(load(base)[0], scope(name))
    assert by_part(adapters.targets(wrapped)) == expected
    trained = [n for n, p in wrapped.named_parameters() if p.requires_grad]
    assert {part_of(n.removeprefix("base_model.model.")) for n in trained} == set(expected)


@pytest.mark.parametrize(
    ("name", "more", "expected", "parameters"),
    [
        ("dora_lm", [], {"language_model": 258}, {"language_model": 70_967_296}),
        (
            "dora_published", [], {"language_model": 258, "audio_tower": 36},
            {"language_model": 70_967_296, "audio_tower": 2_396_160},
        ),
        (
            "dora_published_vision", [], {"language_model": 258, "audio_tower": 36, "vision_tower": 112},
            {"language_model": 70_967_296, "audio_tower": 2_396_160, "vision_tower": 82_567_168 - 70_967_296 - 2_396_160},
        ),
        (
            "dora_audio", [], {"audio_tower": 120, "projector": 1},
            {"audio_tower": 13_185_024, "projector": 32 * (1536 + 2560) + 2560},
        ),
        ("dora_audio", [TOWER], {"audio_tower": 120}, {"audio_tower": 13_185_024}),
    ],
)  # fmt: skip
def test_modules_and_sizes_of_a_scope_on_e4b(
    name: str, more: list[str], expected: dict[str, int], parameters: dict[str, int]
) -> None:
    adapter = scope(name, *more)
    wrapped = adapters.attach(build_net(E4B, device="meta", vision="vision_tower" in adapter.scope), adapter)
    assert by_part(adapters.targets(wrapped)) == expected
    sizes: Counter[str | None] = Counter()
    for parameter_name, parameter in wrapped.named_parameters():
        if parameter.requires_grad:
            sizes[part_of(parameter_name.removeprefix("base_model.model."), ADAPTED)] += parameter.numel()
    assert sizes == parameters
    stage = Stage(name="s", objective="qa", adapter=adapter, steps=1, batch_size=1, micro_batch_size=1)
    assert SIZE.trained(stage) == sum(parameters.values())  # what is said of it before it is loaded


def test_the_published_pattern_and_ours_find_the_same_modules() -> None:
    """The pattern as the published run's card describes it: the seven names wherever they occur, in wrappers or not."""
    names = "q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj"
    published = re.compile(rf".*(language_model\.layers\..*\.({names})|(audio_tower|vision_tower)\..*\.({names})\.linear)")
    ours = re.compile(pattern(scope("dora_published_vision").scope))
    found = {name for name in E4B.linears() if published.fullmatch(name)}
    assert found == {name for name in E4B.linears() if ours.fullmatch(name)}
    assert len(found) == 406


def test_a_scope_of_vision_is_refused_where_the_tower_is_not_loaded() -> None:
    with pytest.raises(ConfigError, match="it has no vision_tower"):
        adapters.attach(build_net(E4B, device="meta", vision=False), scope("dora_published_vision"))


def test_scopes_differ_in_nothing_but_their_modules() -> None:
    settings = {(a.method, a.rank, a.alpha, a.dropout) for a in map(scope, SCOPES)}
    assert len(settings) == 1
    assert len({tuple(scope(name).scope.items()) for name in SCOPES}) == len(SCOPES)
