"""Queries to one left-padded batch on the model's device, and the forward pass over their shared prefix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from gemma_audio.data.collate import collate
from gemma_audio.data.encoder import Encoder
from gemma_audio.evaluation.prediction import Query


def inputs(model: Any, encoder: Encoder, queries: Sequence[Query]) -> dict[str, torch.Tensor]:
    """input_ids, attention_mask (batch, tokens), input_features and its mask; the last token of every prompt stands last."""
    batch = collate([query.encoded for query in queries], encoder.pad_id, side="left")
    del batch["labels"]
    batch["input_features"] = batch["input_features"].to(model.dtype)
    return {name: tensor.to(model.device) for name, tensor in batch.items()}


def prefill(model: Any, batch: dict[str, torch.Tensor], *, use_cache: bool) -> tuple[torch.Tensor, Any]:
    """Logits at the first answer position (batch, vocabulary) in float32, and the key-value cache of the prompts."""
    # Counted from each prompt's first real token: padding then changes nothing, not even a rounding of the rotary phase.
    position_ids = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    output = model(**batch, position_ids=position_ids, use_cache=use_cache, logits_to_keep=1)
    return output.logits[:, -1].float(), output.past_key_values


def chosen_logprobs(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probability of `tokens` (...) under `logits` (..., vocabulary)."""
    return logits.gather(-1, tokens[..., None])[..., 0] - logits.logsumexp(-1)
