"""Retraining the audio encoder on captions, under prompts drawn per example."""

from __future__ import annotations

from typing import Any

import numpy as np

from gemma_audio.config.schema import Savings, Stage
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.example import Example
from gemma_audio.training.answers import AnswerModule
from gemma_audio.training.examples import AnswerRows, Turn, draw
from gemma_audio.training.trainables import Trainables


class EncoderRetrain(AnswerModule):
    """The objective `caption`: say what is heard."""

    def __init__(
        self, net: Any, stage: Stage, corpus: Corpus, encoder: Encoder, steps: int, savings: Savings | None = None
    ) -> None:
        rows = AnswerRows(stage, corpus, encoder, ["caption"], caption_turn)
        super().__init__(Trainables(net, stage, savings), rows, steps)


def caption_turn(stage: Stage, example: Example, rng: np.random.Generator) -> Turn:
    """Return a prompt of the example's source, drawn at random, and its caption."""
    return draw(stage.prompts, example.source, rng), example.answer
