"""Adapting the model to questions about the sound, under the prompt of each question's source."""

from __future__ import annotations

from typing import Any

import numpy as np

from gemma_audio.config.schema import Savings, Stage
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.example import Example
from gemma_audio.data.layout import lay_out
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.training.answers import AnswerModule
from gemma_audio.training.examples import AnswerRows, Turn, draw
from gemma_audio.training.trainables import Trainables


class AdapterTune(AnswerModule):
    """The objective `qa`: answer the question."""

    def __init__(
        self, net: Any, stage: Stage, corpus: Corpus, encoder: Encoder, steps: int, savings: Savings | None = None
    ) -> None:
        rows = AnswerRows(stage, corpus, encoder, ["qa"], question_turn)
        super().__init__(Trainables(net, stage, savings), rows, steps)


def question_turn(stage: Stage, example: Example, rng: np.random.Generator) -> Turn:
    """Return the source's prompt with {question} and {choices} laid out as in an evaluation, and the answer's text.

    Raises ConfigError where the prompt has no place for the question.
    """
    template = draw(stage.prompts, example.source, rng)
    if "{question}" not in template:
        message = f"the prompt {template!r} of {example.source} lacks {{question}}"
        raise ConfigError([Problem("stage.prompts", message, "prompts for questions need {question} and may use {choices}")])
    return lay_out(example.question, example.choices, template), example.answer
