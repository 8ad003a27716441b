"""The one place that opens model weights: a base, then the sealed stages of a chain on top of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoProcessor, Gemma4Config, Gemma4ForConditionalGeneration
from transformers.utils.logging import disable_progress_bar

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Model
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.models import adapters, delta
from gemma_audio.models.clipping import skip_unbounded
from gemma_audio.models.identity import identity, local_folder
from gemma_audio.world.tiny import FOLDER, build_model

__all__ = ["apply_stage", "identity", "load"]


def load(model: Model, chain: Sequence[Path] = ()) -> tuple[Gemma4ForConditionalGeneration, Any]:
    """Return (model in eval mode on the CPU in `model.dtype`, processor), with the stages of `chain` applied in order.

    Only safetensors are read and no code of a repository is run. Raises ConfigError that says what to do where the weights
    cannot be had (no network, licence not accepted, no such revision, not a Gemma 4).
    """
    disable_progress_bar()  # one bar per cell would drown the display of a sweep
    net, processor = _random(model) if model.weights == Weights.random else _pretrained(model)
    for folder in chain:
        net = apply_stage(net, folder)
    skip_unbounded(net)
    return net.eval(), processor


def apply_stage(net: Any, folder: Path) -> Any:
    """Apply one stage folder: `weights/delta.safetensors` (whole tensors), then `weights/adapter/` (merged in float32)."""
    weights = folder / "weights"
    if (weights / delta.FILE).exists():
        delta.apply(net, weights)
    if (weights / "adapter").exists():
        net = adapters.apply(net, weights / "adapter")
    return net


def _pretrained(model: Model) -> tuple[Any, Any]:
    source, options = _source(model)
    try:
        _check_type(model, source, options)
        dtype = getattr(torch, model.dtype)
        net = Gemma4ForConditionalGeneration.from_pretrained(source, dtype=dtype, use_safetensors=True, **options)
        return net, AutoProcessor.from_pretrained(source, **options)
    except (OSError, ValueError) as error:
        raise ConfigError([_problem(model, error)]) from error


def _random(model: Model) -> tuple[Any, Any]:
    if model.source == "embedded":
        net, processor = build_model(model.init_seed)
        return net.to(getattr(torch, model.dtype)), processor
    source, options = _source(model)
    try:
        _check_type(model, source, options)
        config = Gemma4Config.from_pretrained(source, **options)
        processor = AutoProcessor.from_pretrained(source, **options)
    except (OSError, ValueError) as error:
        raise ConfigError([_problem(model, error)]) from error
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(model.init_seed)
        return Gemma4ForConditionalGeneration._from_config(config, dtype=getattr(torch, model.dtype)), processor


def _source(model: Model) -> tuple[str, dict[str, Any]]:
    folder = FOLDER if model.source == "embedded" else local_folder(model.source)
    if folder is None:
        return model.source, {"revision": model.revision}
    return str(folder), {"local_files_only": True}


def _check_type(model: Model, source: str, options: dict[str, Any]) -> None:
    found = Gemma4Config.get_config_dict(source, **options)[0].get("model_type")
    if found is None:
        raise OSError(f"no config.json in {source}")
    if found != "gemma4":
        problem = Problem("model.source", f"{model.source!r} is a {found!r} model, not 'gemma4'", "choose a Gemma 4 model")
        raise ConfigError([problem])


def _problem(model: Model, error: Exception) -> Problem:
    text = str(error)
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    return Problem(
        "model.source", f"{model.source!r} (revision {model.revision!r}) cannot be loaded: {first}", _remedy(model, text)
    )


def _remedy(model: Model, text: str) -> str:
    lower = text.lower()
    if local_folder(model.source) is not None or model.source == "embedded":
        return "the folder needs config.json, *.safetensors, tokenizer and processor files, as save_pretrained writes them"
    if any(word in lower for word in ("gated", "401", "403", "restricted", "access to model")):
        return (
            "accept the licence on the model's page of the Hugging Face Hub, then log in with `hf auth login` (or set HF_TOKEN)"
        )
    if "revision" in lower or "git identifier" in lower:
        return "model.revision must be a commit, tag or branch of that repository"
    return (
        "without a network: download it elsewhere with `hf download`, then give the folder as model.source=<folder>; "
        "with a network: check the name, accept the licence on its Hub page and `hf auth login`; "
        "or stay with model=tiny, which needs neither"
    )
