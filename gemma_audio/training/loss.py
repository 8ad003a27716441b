"""The language-model loss on supervised positions only: exact, and without logits for the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gemma_audio.data.collate import IGNORED


def answer_loss(net: Any, batch: Mapping[str, Tensor], device: torch.device) -> Tensor:
    """Return the cross-entropy summed over all labels of a left-padded batch that lies on the CPU.

    The vocabulary head sees supervised positions only, and the layers that reuse keys and values see only the positions from
    the first supervised one on (`logits_to_keep`: they need no query at a prompt position). Both leave the gradient as it is.
    """
    inputs = {name: tensor.to(device) for name, tensor in batch.items() if name != "labels"}
    # Counted from each row's first token: its figures do not depend on how much padding its neighbours ask for.
    inputs["position_ids"] = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0).to(device)
    labels = batch["labels"]
    rows, columns = (labels[:, 1:] != IGNORED).nonzero(as_tuple=True)  # on the CPU: no wait for an accelerator
    targets = labels[rows, columns + 1].to(device)
    keep = labels.shape[1] - int(columns.min())
    hidden = net.model(**inputs, use_cache=False, logits_to_keep=keep).last_hidden_state
    columns = columns - (labels.shape[1] - hidden.shape[1])
    logits = _softcap(
        net.lm_head(hidden[rows.to(device), columns.to(device)]), net.config.get_text_config().final_logit_softcapping
    )
    return F.cross_entropy(logits.float(), targets, reduction="sum")


def _softcap(logits: Tensor, cap: float | None) -> Tensor:
    return logits if cap is None else torch.tanh(logits / cap) * cap
