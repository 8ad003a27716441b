"""config.json: transformers itself reads what is written, and the older spelling alone gives the right shapes."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from transformers import Gemma4Config

from gemma_audio.models.export.config import disagreements, head_sizes, readable

LAYERS = ["sliding_attention"] * 5 + ["full_attention"]
E4B: dict[str, Any] = {
    "model_type": "gemma4",
    "dtype": "bfloat16",
    "eoa_token_id": 258883,
    "text_config": {
        "model_type": "gemma4_text", "hidden_size": 2560, "num_hidden_layers": 42, "num_attention_heads": 8,
        "num_key_value_heads": 2, "head_dim": 256, "global_head_dim": 512, "num_global_key_value_heads": None,
        "layer_types": LAYERS * 7, "num_kv_shared_layers": 18, "dtype": "bfloat16", "attention_k_eq_v": False,
    },
    "audio_config": {"model_type": "gemma4_audio", "dtype": "bfloat16"},
    "vision_config": {
        "model_type": "gemma4_vision", "head_dim": 64, "rope_parameters": {"rope_theta": 100.0, "rope_type": "default"},
    },
}  # fmt: skip


def known(config: dict[str, Any]) -> dict[str, Any]:
    return Gemma4Config.from_dict(copy.deepcopy(config)).to_dict()


def newer(config: dict[str, Any]) -> dict[str, Any]:
    """The config as transformers 5.23 writes it."""
    return json.loads(json.dumps(known(config)))


@pytest.mark.parametrize("spelling", ["older", "newer"])
def test_both_spellings_are_written_whichever_the_base_has(spelling: str, tmp_path: Path) -> None:
    base = E4B if spelling == "older" else newer(E4B)
    made = readable(base, known(base), "bfloat16", "5.23.0")
    text, vision = made["text_config"], made["vision_config"]
    assert (text["global_head_dim"], text["num_global_key_value_heads"]) == (512, None)
    assert text["per_layer_config"] == {f"{i:02d}": {"head_dim": 512} for i in range(5, 42, 6)}
    assert (vision["rope_parameters"]["rope_type"], vision["global_head_dim"]) == ("default", 64)
    assert disagreements(made) == []
    (tmp_path / "config.json").write_text(json.dumps(made))
    read = Gemma4Config.from_pretrained(tmp_path)
    assert [layer.head_dim for layer in read.text_config.per_layer_config] == [256, 256, 256, 256, 256, 512] * 7
    assert read.vision_config.rope_parameters["rope_type"] == "axial"
    same, other = read.to_dict(), known(E4B)
    for part in ("text_config", "audio_config", "vision_config"):
        for key in other[part].keys() - {"dtype"}:
            assert same[part][key] == other[part][key], (part, key)


def test_what_the_base_says_besides_is_kept_and_the_type_is_the_exports() -> None:
    made = readable(E4B, known(E4B), "float32", "5.23.0")
    assert made["eoa_token_id"] == 258883
    assert (made["dtype"], made["text_config"]["dtype"], made["architectures"]) == (
        "float32", "float32", ["Gemma4ForConditionalGeneration"]
    )  # fmt: skip
    assert E4B["dtype"] == "bfloat16"  # the base's own is left alone


def test_full_layers_with_other_key_value_heads_are_spelled_in_both_ways() -> None:
    config = copy.deepcopy(E4B)
    config["text_config"] |= {"attention_k_eq_v": True, "num_global_key_value_heads": 1}
    sizes = head_sizes(known(config)["text_config"])
    assert sizes["num_global_key_value_heads"] == 1
    assert sizes["per_layer_config"]["05"] == {"head_dim": 512, "num_key_value_heads": 1}


def test_what_the_older_spelling_cannot_say_is_left_out() -> None:
    text = known(E4B)["text_config"]
    text["per_layer_config"]["11"] = {"head_dim": 128}
    assert head_sizes(text).keys() == {"per_layer_config"}


def test_contradictions_and_gaps_are_named() -> None:
    made = readable(E4B, known(E4B), "bfloat16", "5.23.0")
    wrong = copy.deepcopy(made)
    wrong["text_config"]["global_head_dim"] = 256
    assert disagreements(wrong) == ["text_config.global_head_dim is 256, per_layer_config says 512"]
    assert len(disagreements(newer(E4B))) == 4  # as 5.23 writes it: both old sizes, the rope, the vision tower's size
    assert disagreements({})[0] == "text_config.per_layer_config is missing"
