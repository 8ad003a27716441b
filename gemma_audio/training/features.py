"""What a clip looks like to the model, computed once per clip: log-mel frames, or a frozen audio tower's output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers.models.gemma4.modeling_gemma4 import Gemma4AudioModelOutput

from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder

Features = NDArray[np.float32]


class Clips:
    """The features of a corpus's clips by clip, kept in memory in float32."""

    def __init__(self, corpus: Corpus, encoder: Encoder) -> None:
        self._corpus, self._encoder = corpus, encoder
        self._frames: dict[str, Features] = {}
        self._encoded: Mapping[str, Features] | None = None

    def frames(self, clip: str) -> Features:
        """Return the clip's log-mel frames, (frames, mels)."""
        if clip not in self._frames:
            self._frames[clip] = self._encoder.features(self._corpus.audio(clip))
        return self._frames[clip]

    def tokens(self, clip: str) -> int:
        """Return how many audio tokens the clip takes in a prompt."""
        return self._encoder.audio_tokens(len(self.frames(clip)))

    def inputs(self, clip: str) -> Features:
        """Return what the model is fed: frames, or the tower's output once `use` was called."""
        return self._encoded[clip] if self._encoded is not None else self.frames(clip)

    def use(self, encoded: Mapping[str, Features]) -> None:
        """Feed the tower's outputs from now on."""
        self._encoded = encoded


class CachedTower(nn.Module):
    """Stands in for a frozen audio tower: its input is already the tower's output."""

    def forward(self, input_features: Tensor, mask: Tensor, **_: Any) -> Gemma4AudioModelOutput:
        """Return the input unchanged, (clips, audio tokens, width)."""
        return Gemma4AudioModelOutput(last_hidden_state=input_features, attention_mask=mask)


@torch.no_grad()
def encode(tower: nn.Module, frames: Mapping[str, Features], device: torch.device, batch_size: int = 32) -> dict[str, Features]:
    """Return the tower's output per clip, (audio tokens, width).

    Only clips of equal length share a batch, in the order of their names: no padding, and the same bits for the same clips.
    """
    tower.eval()
    encoded: dict[str, Features] = {}
    for names in _batches(frames, batch_size):
        inputs = torch.from_numpy(np.stack([frames[name] for name in names])).to(device)
        mask = torch.ones(inputs.shape[:2], dtype=torch.bool, device=device)
        outputs = tower(inputs, mask).last_hidden_state.float().cpu().numpy()
        encoded.update(zip(names, outputs, strict=True))
    return encoded


def _batches(frames: Mapping[str, Features], size: int) -> Iterable[list[str]]:
    order = sorted(frames, key=lambda name: (len(frames[name]), name))
    for _, group in groupby(order, key=lambda name: len(frames[name])):
        names = list(group)
        yield from (names[at : at + size] for at in range(0, len(names), size))
