"""A thousand multiple-choice questions by the likelihood of their letters, one pruned forward pass each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch

from gemma_audio.cli.gpu.step import Took, peak, wait
from gemma_audio.data.collate import Encoded, collate
from gemma_audio.evaluation.methods.batch import prefill

BATCH = 16


def answer(net: Any, rows: Sequence[Encoded], pad_id: int) -> Took:
    """Answer `rows`, the longest first, in batches of 16; features are on the host, as a cache on disk gives them."""
    device = next(net.parameters()).device
    ordered = sorted(rows, key=len, reverse=True)
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16), peak(device) as most:
        _batch(net, ordered[:BATCH], pad_id, device)
        wait(device)
        began = time.perf_counter()
        for at in range(0, len(ordered), BATCH):
            _batch(net, ordered[at : at + BATCH], pad_id, device)
        wait(device)
        took = time.perf_counter() - began
    return Took(took, most(), sum(map(len, rows)), len(rows))


def _batch(net: Any, rows: Sequence[Encoded], pad_id: int, device: torch.device) -> torch.Tensor:
    batch = {name: tensor.to(device) for name, tensor in collate(rows, pad_id, "left").items() if name != "labels"}
    logits, _ = prefill(net, batch, use_cache=False)
    return logits.log_softmax(-1).amax(-1).cpu()
