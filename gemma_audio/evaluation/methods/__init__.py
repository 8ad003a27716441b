"""One file per way of getting an answer; each maps (model, encoder, queries, config) to one prediction per query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gemma_audio.config.kinds import Method
from gemma_audio.config.schema import Evaluation
from gemma_audio.data.encoder import Encoder
from gemma_audio.evaluation.methods import generate, letter, option_text
from gemma_audio.evaluation.prediction import Prediction, Query

Answer = Callable[[Any, Encoder, Sequence[Query], Evaluation], list[Prediction]]

METHODS: dict[Method, Answer] = {
    Method.option_text: option_text.answer,
    Method.letter: letter.answer,
    Method.generate: generate.answer,
}
