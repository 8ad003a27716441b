"""An exact saving: prompt positions leave the language model after the last layer that makes keys and values.

The layers above reuse those keys and values, so that their states at positions without loss feed nothing. transformers does this
for an integer `logits_to_keep`, but only where it is given masks: with none (a batch of one, or of equal lengths) it silently
computes every position. Where dropout is above 0 the pruned layers draw masks of another shape: other draws of the same
distribution.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.masking_utils import create_causal_mask, create_sliding_window_causal_mask

from gemma_audio.errors import GemmaAudioError

ATTENTIONS = ("sdpa", "eager")
RECORDS = ("output_hidden_states", "output_attentions")


def obstacle(net: Any) -> str:
    """Return why prompt positions cannot leave `net` early; empty where they can, and nothing is lost by it."""
    text = net.config.get_text_config()
    if not text.num_kv_shared_layers:
        return "the model has no layers that share keys and values"
    if text._attn_implementation not in ATTENTIONS:
        return f"{text._attn_implementation} attention takes no mask of pruned rows"
    kept = [name for name in RECORDS if getattr(text, name, False)]
    return f"{kept[0]} asks for the states of every position" if kept else ""


def masks(net: Any, attention_mask: Tensor) -> dict[str, Tensor]:
    """Return the causal masks of both kinds of layer, always spelled out, from (batch, tokens) of ones and zeros."""
    text = net.config.get_text_config()
    shape = torch.empty((*attention_mask.shape, 0), dtype=net.dtype, device=attention_mask.device)  # only its sizes are read
    given = {"inputs_embeds": shape, "attention_mask": attention_mask, "past_key_values": None, "allow_is_causal_skip": False}
    return {
        "full_attention": create_causal_mask(text, **given),
        "sliding_attention": create_sliding_window_causal_mask(text, **given),
    }


def check_active(width: int, keep: int) -> None:
    """Raise GemmaAudioError where the last layer's states are `width` tokens wide and not the `keep` that were asked for."""
    if width != keep:
        raise GemmaAudioError(
            f"savings.shared_kv_pruning: the last layer saw {width} positions and not {keep}; "
            "this transformers does not prune here: trainer.savings.shared_kv_pruning=false"
        )
