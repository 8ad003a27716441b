"""The options' letters: one forward pass, the likelihood of each letter as the answer's first token."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

import torch

from gemma_audio.config.schema import Evaluation
from gemma_audio.data.encoder import Encoder
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.evaluation.methods.batch import inputs, prefill
from gemma_audio.evaluation.prediction import Prediction, Query, most_likely


def answer(model: Any, encoder: Encoder, queries: Sequence[Query], cfg: Evaluation) -> list[Prediction]:
    """The option whose letter (A, B, ... as far as there are options) is likeliest to open the answer."""
    batch = inputs(model, encoder, queries)
    logits, _ = prefill(model, batch, use_cache=False)
    logprobs = logits.log_softmax(-1).cpu()
    return [
        most_likely(query.presented, _letter_scores(row, encoder, len(query.presented.order)))
        for query, row in zip(queries, logprobs, strict=True)
    ]


def _letter_scores(logprobs: torch.Tensor, encoder: Encoder, count: int) -> list[float]:
    # A letter's probability is the sum over its spellings.
    return [float(logprobs[tokens].logsumexp(0)) for tokens in spellings(encoder, count)]


def spellings(encoder: Encoder, count: int) -> list[list[int]]:
    """Token ids of each of the first `count` letters: bare, and after a blank where every one of them has such a token.

    (A spelling that only some letters have would favour those.) ConfigError where the bare letters are no single tokens.
    """
    letters = ascii_uppercase[:count]
    bare, blank = ([_ids(encoder, before + letter) for letter in letters] for before in ("", " "))
    if any(len(ids) != 1 for ids in bare):
        message = f"the model's tokenizer does not write each of {', '.join(letters)} as one token"
        raise ConfigError([Problem("evaluation.method=letter", message, "type evaluation.method=option_text")])
    if any(len(ids) != 1 for ids in blank):
        return bare
    return [[*one, *other] for one, other in zip(bare, blank, strict=True)]


def _ids(encoder: Encoder, text: str) -> list[int]:
    ids: list[int] = encoder.tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
