"""Pretraining of the tiny model, first half: the audio tower learns to hear, without a language model in the loop.

From scratch, the language-model loss alone teaches a tower next to nothing in the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from gemma_audio.config.schema import Savings, Stage
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.sound import Sound
from gemma_audio.training import order
from gemma_audio.training.examples import Examples
from gemma_audio.training.heads import UNKNOWN, Heads, Labels
from gemma_audio.training.module import StageModule
from gemma_audio.training.trainables import Trainables

LEVEL_JITTER = 0.1  # standard deviation of one offset per clip, in standardised log-mel units: loudness tells nothing


@dataclass(frozen=True)
class Labelled:
    """Log-mel frames of a clip, (frames, mels), and the class of every head."""

    features: NDArray[np.float32] | Sound
    labels: list[int]

    def __len__(self) -> int:
        return len(self.features)


class AttributeRows(Examples):
    """One row per clip, with what is known of it."""

    def __init__(self, stage: Stage, corpus: Corpus, encoder: Encoder) -> None:
        super().__init__(stage, corpus, encoder, ["caption"])  # one caption row per clip
        self.labels = Labels(example.attributes for example in self.examples)

    def rows(self, batch: int) -> list[Labelled]:
        """Return the batch's clips with their labels."""
        picks = self.picks(batch)
        return [Labelled(self.clips.inputs(example.clip), self.labels.of(example.attributes)) for example, _ in picks]


class AttributeWarmup(StageModule):
    """The objective `attributes`: classify every known attribute; the heads are not kept."""

    alters_sound = True  # the level's jitter, which a kept output could not have

    def __init__(
        self, net: Any, stage: Stage, corpus: Corpus, encoder: Encoder, steps: int, savings: Savings | None = None
    ) -> None:
        rows = AttributeRows(stage, corpus, encoder)
        super().__init__(Trainables(net, stage, savings), rows, steps)
        tokens = max(rows.clips.tokens(clip) for clip in rows.visited(steps))
        width = net.config.get_text_config().hidden_size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(order.torch_seed(stage.seed, 0))
            self.heads = Heads([len(classes) for classes in rows.labels.classes.values()], width, tokens)

    def loss_sum(self, rows: Sequence[Labelled]) -> Tensor:
        """Return the cross-entropy summed over all known labels (nats)."""
        features, mask = pad([row.features for row in rows])
        features = features + torch.randn(len(rows), 1, 1) * LEVEL_JITTER
        heard = self.base.model.get_audio_features(features.to(self.device), mask.to(self.device), return_dict=True)
        labels = torch.tensor([row.labels for row in rows], device=self.device)
        logits = self.heads(heard.pooler_output, heard.attention_mask)
        losses = [
            F.cross_entropy(scores.float(), labels[:, head], ignore_index=UNKNOWN, reduction="sum")
            for head, scores in enumerate(logits)
        ]
        return torch.stack(losses).sum()

    def weight(self, row: Labelled) -> int:
        """Return the number of known labels."""
        return sum(label != UNKNOWN for label in row.labels)


def pad(features: Sequence[NDArray[np.float32] | Sound], frames: int = 0) -> tuple[Tensor, Tensor]:
    """Log-mel frames of several clips, (clips, frames, mels), and the mask of real frames; at least `frames` of them."""
    sounds = [np.asarray(sound, np.float32) for sound in features]
    frames = max(frames, *map(len, sounds))
    padded = torch.zeros(len(sounds), frames, sounds[0].shape[1])
    mask = torch.zeros(len(sounds), frames, dtype=torch.bool)
    for row, values in enumerate(sounds):
        padded[row, : len(values)] = torch.from_numpy(values)
        mask[row, : len(values)] = True
    return padded, mask
