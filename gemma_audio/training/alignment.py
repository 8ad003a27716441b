"""Pretraining of the tiny model, second half: the language model learns to speak of what a frozen tower hears."""

from __future__ import annotations

from typing import Any

import numpy as np

from gemma_audio.config.schema import Savings, Stage
from gemma_audio.data.alignment import conversation
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.example import Example
from gemma_audio.training.answers import AnswerModule
from gemma_audio.training.examples import AnswerRows, Turn
from gemma_audio.training.trainables import Trainables


class Alignment(AnswerModule):
    """The objective `alignment`: captions and questions made anew from what is known of each clip."""

    def __init__(
        self, net: Any, stage: Stage, corpus: Corpus, encoder: Encoder, steps: int, savings: Savings | None = None
    ) -> None:
        rows = AnswerRows(stage, corpus, encoder, ["caption"], alignment_turn)  # one caption row per clip
        super().__init__(Trainables(net, stage, savings), rows, steps)


def alignment_turn(stage: Stage, example: Example, rng: np.random.Generator) -> Turn:
    """Return what is asked about the example's clip this time, and the answer."""
    known = {name: value for name, value in example.attributes.items() if name != "family"}
    return conversation(rng, example.attributes["family"], known)
