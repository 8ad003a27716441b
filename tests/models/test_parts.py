from __future__ import annotations

import pytest

from gemma_audio.config import schema
from gemma_audio.config.schema import Model
from gemma_audio.errors import ConfigError
from gemma_audio.models import parts
from gemma_audio.models.load import load


def test_parts_are_disjoint_and_cover_a_model_without_vision(base: Model) -> None:
    net, _ = load(base)
    names = [name for part in parts.PARTS for name, _ in parts.select(net, [part])]
    assert sorted(names) == sorted(name for name, _ in net.named_parameters())
    assert len(names) == len(set(names))


def test_config_and_models_know_the_same_parts() -> None:
    assert tuple(parts.PARTS) == schema.PARTS


def test_language_model_has_the_tied_head_once_and_no_per_layer_table(base: Model) -> None:
    net, _ = load(base)
    names = [name for name, _ in parts.select(net, ["language_model"])]
    assert names.count("model.language_model.embed_tokens.weight") == 1
    assert not any("lm_head" in name or "embed_tokens_per_layer" in name for name in names)


def test_unknown_part_lists_what_is_allowed(base: Model) -> None:
    net, _ = load(base)
    with pytest.raises(ConfigError, match="unknown part 'ears'") as caught:
        parts.select(net, ["audio_tower", "ears"])
    assert all(part in str(caught.value) for part in parts.PARTS)
