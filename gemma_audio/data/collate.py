"""Encoded rows to one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from gemma_audio.data.sound import Sound

if TYPE_CHECKING:
    import torch

IGNORED = -100
"""Label of positions that carry no loss."""


@dataclass(frozen=True)
class Encoded:
    """One row: prompt ids, answer ids (empty when only a prompt is wanted) and log-mel frames (frames, mels), or their like."""

    prompt: list[int]
    answer: list[int]
    features: NDArray[np.float32] | Sound

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


def collate(rows: Sequence[Encoded], pad_id: int, side: Literal["right", "left"] = "right") -> dict[str, torch.Tensor]:
    """input_ids, attention_mask, labels (batch, tokens), input_features (batch, frames, mels) and its mask (batch, frames).

    Tokens are padded on `side`; frames on the right with zeros, as the feature extractor does.
    """
    import torch

    sounds = [np.asarray(row.features, np.float32) for row in rows]
    width, frames = max(len(row) for row in rows), max(map(len, sounds))
    ids = np.full((len(rows), width), pad_id, np.int64)
    labels = np.full((len(rows), width), IGNORED, np.int64)
    attention = np.zeros((len(rows), width), np.int64)
    features = np.zeros((len(rows), frames, sounds[0].shape[1]), np.float32)
    heard = np.zeros((len(rows), frames), bool)
    for i, (row, sound) in enumerate(zip(rows, sounds, strict=True)):
        start = width - len(row) if side == "left" else 0
        end = start + len(row)
        ids[i, start:end] = row.prompt + row.answer
        labels[i, start + len(row.prompt) : end] = row.answer
        attention[i, start:end] = 1
        features[i, : len(sound)] = sound
        heard[i, : len(sound)] = True
    arrays = {
        "input_ids": ids, "attention_mask": attention, "labels": labels,
        "input_features": features, "input_features_mask": heard,
    }  # fmt: skip
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
