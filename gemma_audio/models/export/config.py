"""config.json in both spellings of the per-layer head sizes, so that older and other loaders read what 5.15 and later write."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

ARCHITECTURE = "Gemma4ForConditionalGeneration"
LEGACY = ("global_head_dim", "num_global_key_value_heads")
NEW = "per_layer_config"


def readable(base: Mapping[str, Any], known: Mapping[str, Any], dtype: str, version: str) -> dict[str, Any]:
    """The base's config.json `base` with every spelling; `known` is the same config as transformers understood it.

    transformers 5.15 and later read `per_layer_config` and an axial vision rope; what came before reads `global_head_dim`,
    `num_global_key_value_heads` and a rope called "default" (which the new ones still take for axial).
    """
    made = copy.deepcopy(dict(base)) | {"architectures": [ARCHITECTURE], "dtype": dtype, "transformers_version": version}
    made.pop("torch_dtype", None)
    made["text_config"] = dict(made["text_config"]) | head_sizes(known["text_config"])
    if made.get("vision_config"):
        made["vision_config"] = _vision(made["vision_config"], known["vision_config"])
    for part in ("text_config", "audio_config", "vision_config"):
        if "dtype" in (made.get(part) or {}):
            made[part]["dtype"] = dtype
    return made


def head_sizes(text: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of the full-attention layers in both spellings; the old one only where it can say them: all of them alike."""
    overrides: dict[str, Any] = dict(text.get(NEW) or {})
    full = [layer for layer, kind in enumerate(text["layer_types"]) if kind == "full_attention"]
    by_layer = {int(layer): values for layer, values in overrides.items()}
    sizes = [by_layer.get(layer, {}) for layer in full]
    if any(size != sizes[0] for size in sizes) or set(by_layer) - set(full):
        return {NEW: overrides}
    first = sizes[0] if sizes else {}
    old = (first.get("head_dim", text["head_dim"]), first.get("num_key_value_heads"))
    return {NEW: overrides, **dict(zip(LEGACY, old, strict=True))}


def disagreements(config: Mapping[str, Any]) -> list[str]:
    """What a config.json lacks or says differently in its two spellings."""
    text, vision = config.get("text_config") or {}, config.get("vision_config") or {}
    absent = [f"text_config.{key} is missing" for key in (NEW, *LEGACY) if key not in text]
    wanted = {} if absent else head_sizes(text)
    found = [f"text_config.{key} is {text[key]!r}, {NEW} says {wanted[key]!r}" for key in wanted if text[key] != wanted[key]]
    if vision and (vision.get("rope_parameters") or {}).get("rope_type") != "default":
        found.append("vision_config.rope_parameters.rope_type is not 'default'")
    if vision and "global_head_dim" not in vision:
        found.append("vision_config.global_head_dim is missing")
    return absent + found


def _vision(vision: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    rope = dict(vision.get("rope_parameters") or known.get("rope_parameters") or {}) | {"rope_type": "default"}
    return {"global_head_dim": known.get("head_dim"), **vision, "rope_parameters": rope}
