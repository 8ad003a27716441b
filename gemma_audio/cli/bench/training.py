"""Training: a step of either stage, what caching the tower and leaving out logits are worth, and a checkpoint."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F

from gemma_audio.cli.bench.clock import agree, once, paired, repeated
from gemma_audio.cli.bench.figure import Figure, seconds
from gemma_audio.cli.bench.setting import Setting
from gemma_audio.cli.bench.stage import Steps, hear_once, module
from gemma_audio.data.collate import IGNORED, collate
from gemma_audio.training.checkpoint import SealedCheckpoints
from gemma_audio.training.loss import answer_loss

BATCHES = 4


def cached_tower(setting: Setting) -> list[Figure]:
    """A step of adapter_tune on the frozen tower's output, or through the tower."""
    batches = setting.size(BATCHES)
    cached, through = (Steps(module(setting, "adapter"), batches) for _ in range(2))
    hearing = once(lambda: hear_once(cached.module, batches, setting.scratch / "features"))
    pair = paired(cached, through, setting.size(5))
    clips = len(cached.module.examples.visited(batches))
    once_for_all = f"frames and output of {clips} clips, made once: {seconds(hearing.cpu)}"
    return [pair.figure("frozen tower cached", f"{batches} steps of adapter_tune on its output, or through it; {once_for_all}")]


def answer_logits(setting: Setting) -> list[Figure]:
    """Loss and gradient with logits at the answer alone, or at every position."""
    batches = setting.size(BATCHES)
    made = module(setting, "adapter")
    hear_once(made, batches, setting.scratch / "features")
    pad, device = made.examples.encoder.pad_id, made.device
    inputs = [collate(made.examples.rows(number), pad, "left") for number in range(batches)]

    def losses(of: Any) -> list[float]:
        return [value for batch in inputs for value in _gradient(made, of(made.base, batch, device))]

    pair = paired(partial(losses, answer_loss), partial(losses, _whole_loss), setting.size(5))
    return [pair.figure("answer-only logits", f"{batches} losses and gradients of adapter_tune, logits of the answers or of all")]


def encoder_step(setting: Setting) -> list[Figure]:
    """Steps of encoder_retrain."""
    steps = Steps(module(setting, "encoder"), setting.size(BATCHES))
    took = repeated(steps, setting.size(5))
    note = f"batches of {steps.module.stage.batch_size}; CPU {seconds(took.cpu / steps.batches)}"
    return [
        Figure("encoder_retrain step", 1000 * took.wall / steps.batches, "ms", note=note),
        Figure("encoder_retrain tokens", steps.tokens / took.wall, "tokens/s", note="prompt, sound and answer"),
    ]  # fmt: skip


def checkpoint(setting: Setting) -> list[Figure]:
    """A save point of encoder_retrain to the disk and back, checksums included."""
    steps = Steps(module(setting, "encoder"), 1)
    steps()
    state, files = steps.checkpoint(), SealedCheckpoints(setting.scratch / "checkpoints")
    path = files.path(1)
    saved = repeated(partial(files.save_checkpoint, state, path), setting.size(5))
    loaded = repeated(partial(files.load_checkpoint, path), setting.size(5))
    for name, tensor in files.load_checkpoint(path)["tensors"].items():
        agree(tensor, state["tensors"][name].detach())
    megabytes = path.stat().st_size / 1e6
    return [
        Figure("checkpoint saved", saved.wall, "s", note="flushed to the disk, with its checksum"),
        Figure("checkpoint read back", loaded.wall, "s", note="and compared with its checksum"),
        Figure("checkpoint size", megabytes, "MB", note="encoder_retrain with its optimizer"),
    ]


def _gradient(made: Any, loss: torch.Tensor) -> tuple[float, float]:
    """A loss and the norm of its gradient."""
    made.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    norms = torch.stack([p.grad.norm() for p in made.trained().values() if p.grad is not None])
    return float(loss.detach()), float(norms.norm())


def _whole_loss(net: Any, batch: dict[str, torch.Tensor], device: torch.device) -> torch.Tensor:
    """The loss as it is usually written: logits at every position, the ignored ones left out of the sum."""
    inputs = {name: tensor.to(device) for name, tensor in batch.items() if name != "labels"}
    position_ids = (inputs["attention_mask"].cumsum(1) - 1).clamp(min=0)
    logits = net(**inputs, position_ids=position_ids, use_cache=False).logits[:, :-1]
    targets = batch["labels"][:, 1:].to(device)
    return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum")
