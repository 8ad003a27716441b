from __future__ import annotations

import pytest
from transformers import Gemma4ForConditionalGeneration

from gemma_audio.config import schema
from gemma_audio.config.schema import Model
from gemma_audio.errors import ConfigError
from gemma_audio.models import parts
from gemma_audio.models.load import load
from gemma_audio.models.size import size


@pytest.fixture(scope="module")
def net(base: Model) -> Gemma4ForConditionalGeneration:
    return load(base)[0]


def names(net: Gemma4ForConditionalGeneration, *entries: str) -> list[str]:
    return [name for group in parts.groups(net, entries).values() for name, _ in group]


def test_parts_are_disjoint_and_cover_a_model_without_vision(net: Gemma4ForConditionalGeneration) -> None:
    every = names(net, *parts.PARTS)
    assert sorted(every) == sorted(name for name, _ in net.named_parameters())
    assert len(every) == len(set(every))


def test_config_and_models_know_the_same_parts() -> None:
    assert tuple(parts.PARTS) == schema.PARTS


def test_language_model_has_the_tied_head_once_and_no_per_layer_table(net: Gemma4ForConditionalGeneration) -> None:
    chosen = names(net, "language_model")
    assert chosen.count("model.language_model.embed_tokens.weight") == 1
    assert not any("lm_head" in name or "embed_tokens_per_layer" in name for name in chosen)


@pytest.mark.parametrize("part", ["audio_tower", "language_model"])
def test_a_part_is_the_union_of_its_layers_and_the_rest(net: Gemma4ForConditionalGeneration, part: str) -> None:
    pieces = names(net, f"{part}.rest", f"{part}.layers[0]", f"{part}.layers[1:-1]", f"{part}.layers[-1]")
    assert sorted(pieces) == sorted(names(net, part))
    assert sorted(names(net, f"{part}.rest", f"{part}.layers[:]")) == sorted(names(net, part))


@pytest.mark.parametrize("bounds", ["0", "2", "-1", "-3", "1:3", "1:", ":2", ":-1", "-2:", "0:99", ":", "-2:-1"])
def test_ranges_select_as_python_does(net: Gemma4ForConditionalGeneration, bounds: str) -> None:
    expected = eval(f"list(net.model.audio_tower.layers)[{bounds}]", {"net": net, "list": list})
    layers = expected if isinstance(expected, list) else [expected]
    wanted = {id(parameter) for layer in layers for parameter in layer.parameters()}
    (group,) = parts.groups(net, [f"audio_tower.layers[{bounds}]"]).values()
    assert {id(parameter) for _, parameter in group} == wanted
    assert wanted


def test_unknown_part_lists_what_is_allowed(net: Gemma4ForConditionalGeneration) -> None:
    with pytest.raises(ConfigError, match="unknown part 'ears'") as caught:
        parts.groups(net, ["audio_tower", "ears"])
    assert all(part in str(caught.value) for part in parts.PARTS)


def test_a_range_without_a_layer_says_how_many_there_are(net: Gemma4ForConditionalGeneration) -> None:
    entries = ["audio_tower.layers[3:5]", "language_model.layers[-9]"]
    with pytest.raises(ConfigError) as caught:
        parts.groups(net, entries)
    assert "'audio_tower.layers[3:5]' selects no layer: the model's audio_tower has 3" in str(caught.value)
    assert "'language_model.layers[-9]' selects no layer: the model's language_model has 4" in str(caught.value)


def test_ranges_from_both_ends_that_meet_in_this_model_are_refused(net: Gemma4ForConditionalGeneration) -> None:
    with pytest.raises(ConfigError, match=r"'audio_tower.layers\[:2\]' and 'audio_tower.layers\[-2:\]' overlap"):
        parts.groups(net, ["audio_tower.layers[:2]", "audio_tower.layers[-2:]"])
    assert len(names(net, "audio_tower.layers[:1]", "audio_tower.layers[-2:]")) == len(names(net, "audio_tower.layers[:]"))


def test_the_files_headers_tell_the_layers_that_the_loaded_model_has(base: Model, net: Gemma4ForConditionalGeneration) -> None:
    counted = parts.layers(name for name, _ in net.named_parameters())
    assert counted == {"audio_tower": 3, "language_model": 4}
    for model in (base, Model(name="tiny", source="embedded")):
        known = size(model)
        assert known is not None
        assert {name: known.parts[name].layers for name in counted} == counted
