"""The one place that opens model weights: a base, then the sealed stages of a chain on top of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoProcessor, Gemma4Config, Gemma4ForConditionalGeneration
from transformers.utils import logging
from transformers.utils.logging import disable_progress_bar

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Model, Savings
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.models import adapters, base, delta, dora, host_embedding, processor_files, untrained, versions, weight_files
from gemma_audio.models.architecture import BY_SOURCE
from gemma_audio.models.clipping import skip_unbounded
from gemma_audio.models.fetch import folder_of
from gemma_audio.models.identity import identity
from gemma_audio.models.precision import cast
from gemma_audio.world.tiny import build_model

__all__ = ["apply_stage", "fingerprint", "identity", "load"]

LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
ATTENTION = {"text_config": "sdpa", "audio_config": "eager", "vision_config": "sdpa"}
"""One word for all would be refused: the audio tower has eager attention alone."""


def load(
    model: Model,
    chain: Sequence[Path] = (),
    savings: Savings | None = None,
    device: str = "cpu",
    *,
    rounded: bool = True,
    merged: bool = True,
) -> tuple[Gemma4ForConditionalGeneration, Any]:
    """Return (model in eval mode in `model.dtype`, processor), with the stages of `chain` applied in order.

    In a bfloat16 model small updates do not survive rounding. Without `rounded` tensors that were trained in full stay float32;
    without `merged` the last stage's adapter stays beside its layers. What is exported is rounded and merged. A float32 model is
    the same either way, and its adapters are always merged.

    On "meta" only what is built without files can lie. Only safetensors are read and no code of a repository is run. Raises
    ConfigError that says what to do where the weights cannot be had (no network, licence not accepted, no such revision, not a
    Gemma 4, files cut short), StoreError where a stage of the chain belongs to other weights.
    """
    if problems := versions.problems():
        raise ConfigError(problems)
    disable_progress_bar()  # one bar per cell would drown the display of a sweep
    savings = savings or Savings()
    net, processor = _base(model, savings, device)
    if chain:
        root = fingerprint(model)
        exact = model.dtype != "float32"
        for place, folder in enumerate(chain, 1):
            base.check(folder, root)
            beside = exact and not merged and place == len(chain)
            net = apply_stage(net, folder, rounded=rounded or not exact, merged=not beside)
            if beside and savings.factored_dora:
                dora.install(net)
    if savings.host_embedding:
        host_embedding.install(net)
    skip_unbounded(net)
    return net.eval(), processor


def fingerprint(model: Model) -> str:
    """Name the base weights of `model`, which a stage's record keeps. Raises what `load` does."""
    in_memory = model.weights is Weights.random and (model.source in BY_SOURCE or model.source == "embedded")
    return base.fingerprint(model, None if in_memory else folder_of(model))


def apply_stage(net: Any, folder: Path, *, rounded: bool = True, merged: bool = True) -> Any:
    """Apply one stage folder: `weights/delta.safetensors` (whole tensors), then `weights/adapter/` (merged in float32).

    Not `rounded` to the model's dtype, not `merged` into its layers where the caller wants that.
    """
    weights = folder / "weights"
    if (weights / delta.FILE).exists():
        delta.apply(net, weights, rounded=rounded)
    if not (weights / "adapter").exists():
        return net
    if merged:
        return adapters.apply(net, weights / "adapter")
    return adapters.read(net, weights / "adapter").get_base_model()


def _base(model: Model, savings: Savings, device: str) -> tuple[Any, Any]:
    if architecture := BY_SOURCE.get(model.source):
        settings: dict[str, Any] = {"dtype": model.dtype, "init_seed": model.init_seed, "vision": not savings.without_vision}
        return untrained.build_net(architecture, device=device, **settings), untrained.build_processor(architecture)
    net, processor = _random(model, savings) if model.weights is Weights.random else _pretrained(model, savings)
    return net.to(device), processor


def _pretrained(model: Model, savings: Savings) -> tuple[Any, Any]:
    folder = folder_of(model)
    if problems := [*processor_files.problems(folder), *weight_files.problems(folder)]:
        raise ConfigError(problems)
    try:
        processor = AutoProcessor.from_pretrained(folder, **LOCAL)
        with _quiet():  # what it would say of the vision tower's tensors is meant; the rest is looked at below
            net, told = Gemma4ForConditionalGeneration.from_pretrained(
                folder, config=_config(folder, savings), dtype=getattr(torch, model.dtype), use_safetensors=True,
                attn_implementation=ATTENTION, output_loading_info=True, **LOCAL,
            )  # fmt: skip
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ConfigError([_problem(model, error)]) from error
    if absent := sorted(told["missing_keys"]):
        message = f"{len(absent)} tensors of the model are in none of its files, such as {absent[0]}"
        raise ConfigError([Problem("model.source", f"{folder}: {message}", weight_files.AGAIN)])
    return net, processor


def _random(model: Model, savings: Savings) -> tuple[Any, Any]:
    if model.source == "embedded":
        net, processor = build_model(model.init_seed)
        return cast(net, getattr(torch, model.dtype)), processor
    folder = folder_of(model)
    if problems := list(processor_files.problems(folder)):
        raise ConfigError(problems)
    try:
        config, processor = _config(folder, savings), AutoProcessor.from_pretrained(folder, **LOCAL)
    except (OSError, ValueError) as error:
        raise ConfigError([_problem(model, error)]) from error
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(model.init_seed)
        return Gemma4ForConditionalGeneration._from_config(config, dtype=getattr(torch, model.dtype)), processor


def _config(folder: Path, savings: Savings) -> Gemma4Config:
    config = Gemma4Config.from_pretrained(folder, **LOCAL)
    if savings.without_vision:
        config.vision_config = None
    return config


def _problem(model: Model, error: Exception) -> Problem:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    remedy = "the folder needs config.json, *.safetensors, tokenizer and processor files, as save_pretrained writes them"
    return Problem("model.source", f"{model.source!r} (revision {model.revision!r}) cannot be loaded: {lines[0]}", remedy)


@contextmanager
def _quiet() -> Iterator[None]:
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
