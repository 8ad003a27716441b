"""Rows in the shape of audio questions: seconds of sound, a question of some words, a short answer; random, from a seed."""

from __future__ import annotations

import numpy as np

from gemma_audio.data.collate import Encoded
from gemma_audio.data.encoder import Encoder

TOKENS_PER_SECOND, FRAMES_PER_SECOND = 25, 100
TEXT, ANSWER = 150, 12
"""Tokens beside the sound (turn markers, question, options, answer), and those of the answer: 30 s make a row of 900."""
FIRST_WORD, LAST_WORD = 16, 96
"""Ids that stand for text in every vocabulary at hand, control tokens left out."""


def row(
    seconds: float, encoder: Encoder, width: int, generator: np.random.Generator, *, heard: int = 0, answer: int = ANSWER
) -> Encoded:
    """One row of `seconds` of sound; its features are `width` mels per frame, or with `heard` that width per audio token."""
    tokens = round(seconds * TOKENS_PER_SECOND)
    prompt = encoder.prompt("", tokens)
    text = generator.integers(FIRST_WORD, LAST_WORD, TEXT - answer - (len(prompt) - tokens)).tolist()
    words = generator.integers(FIRST_WORD, LAST_WORD, answer).tolist()
    shape = (tokens, heard) if heard else (round(seconds * FRAMES_PER_SECOND), width)
    return Encoded([*prompt, *text], words, generator.standard_normal(shape, np.float32))
