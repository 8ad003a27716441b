"""Every option's own likelihood: mean log-probability of its tokens and the end of turn, after the same prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from gemma_audio.config.schema import Evaluation
from gemma_audio.data.encoder import Encoder
from gemma_audio.evaluation.methods.batch import chosen_logprobs, inputs, prefill
from gemma_audio.evaluation.prediction import Prediction, Query, most_likely


def answer(model: Any, encoder: Encoder, queries: Sequence[Query], cfg: Evaluation) -> list[Prediction]:
    """The option with the highest mean log-probability per token. The prompts run once; their cache serves all options."""
    batch = inputs(model, encoder, queries)
    options = [encoder.answer(text.strip()) for query in queries for text in query.presented.shown]
    owner = [row for row, query in enumerate(queries) for _ in query.presented.shown]
    scores = _scores(model, batch, options, torch.tensor(owner, device=model.device)).tolist()
    predictions: list[Prediction] = []
    for query in queries:
        count = len(query.presented.order)
        predictions.append(most_likely(query.presented, scores[:count]))
        scores = scores[count:]
    return predictions


def _scores(model: Any, batch: dict[str, torch.Tensor], options: list[list[int]], owner: torch.Tensor) -> torch.Tensor:
    """Mean log-probability of each option (options,); `owner` is each option's row in the batch."""
    first_logits, cache = prefill(model, batch, use_cache=True)
    tokens, real = _right_padded(options, owner.device)
    first = chosen_logprobs(first_logits[owner], tokens[:, 0])
    cache.batch_select_indices(owner)
    prompt_mask = batch["attention_mask"][owner]
    steps = torch.arange(tokens.shape[1] - 1, device=owner.device)
    output = model(
        input_ids=tokens[:, :-1],
        attention_mask=torch.cat([prompt_mask, real[:, :-1]], 1),
        position_ids=prompt_mask.sum(1, keepdim=True) + steps,
        past_key_values=cache,
        use_cache=True,
    )
    rest = chosen_logprobs(output.logits.float(), tokens[:, 1:]).masked_fill(real[:, 1:] == 0, 0.0)
    return (first + rest.sum(1)) / real.sum(1)


def _right_padded(options: list[list[int]], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(option) for option in options)
    tokens = torch.tensor([option + [0] * (width - len(option)) for option in options], device=device)
    real = torch.tensor([[1] * len(option) + [0] * (width - len(option)) for option in options], device=device)
    return tokens, real
