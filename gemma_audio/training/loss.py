"""The language-model loss on supervised positions; what a prompt position would cost beyond that is saved where it is exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gemma_audio.config.schema import Savings
from gemma_audio.data.collate import IGNORED
from gemma_audio.models import pruning


def answer_loss(net: Any, batch: Mapping[str, Tensor], device: torch.device, savings: Savings | None = None) -> Tensor:
    """Return the cross-entropy summed over all labels of a left-padded batch that lies on the CPU.

    With `supervised_logits` the vocabulary head sees supervised positions only; with `shared_kv_pruning` the layers that reuse
    keys and values see only the positions from the first supervised one on. Both leave the gradient as it is.
    """
    savings = savings or Savings()
    inputs = {name: tensor.to(device) for name, tensor in batch.items() if name != "labels"}
    # Counted from each row's first token: its figures do not depend on how much padding its neighbours ask for.
    inputs["position_ids"] = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0).to(device)
    labels = batch["labels"]
    rows, columns = (labels[:, 1:] != IGNORED).nonzero(as_tuple=True)  # on the CPU: no wait for an accelerator
    hidden = _hidden(net, inputs, labels.shape[1] - int(columns.min()) if pruned(net, savings) else 0)
    columns = columns - (labels.shape[1] - hidden.shape[1])
    targets = batch["labels"][:, 1:][labels[:, 1:] != IGNORED].to(device)
    if savings.supervised_logits:
        logits = _head(net, hidden[rows.to(device), columns.to(device)])
    else:
        logits = _head(net, hidden)[rows.to(device), columns.to(device)]
    return F.cross_entropy(logits.float(), targets, reduction="sum")


def pruned(net: Any, savings: Savings) -> bool:
    """Return whether prompt positions leave `net` early."""
    return savings.shared_kv_pruning and not pruning.obstacle(net)


def _hidden(net: Any, inputs: dict[str, Tensor], keep: int) -> Tensor:
    """States of the last `keep` positions, of all where it is 0."""
    if not keep:
        return net.model(**inputs, use_cache=False).last_hidden_state
    given = inputs | {"attention_mask": pruning.masks(net, inputs["attention_mask"])}
    hidden: Tensor = net.model(**given, use_cache=False, logits_to_keep=keep).last_hidden_state
    pruning.check_active(hidden.shape[1], keep)
    return hidden


def _head(net: Any, hidden: Tensor) -> Tensor:
    cap = net.config.get_text_config().final_logit_softcapping
    logits: Tensor = net.lm_head(hidden)
    return logits if cap is None else torch.tanh(logits / cap) * cap
