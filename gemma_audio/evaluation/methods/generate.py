"""Free text, decoded greedily."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gemma_audio.config.schema import Evaluation
from gemma_audio.data.encoder import Encoder
from gemma_audio.evaluation.methods.batch import inputs
from gemma_audio.evaluation.prediction import Prediction, Query
from gemma_audio.evaluation.score import marked

if TYPE_CHECKING:
    from transformers import GenerationConfig


def answer(model: Any, encoder: Encoder, queries: Sequence[Query], cfg: Evaluation) -> list[Prediction]:
    """At most `cfg.max_new_tokens` greedy tokens up to the end of turn; the text is kept as it is.

    The chosen option is the one that MMAU's official rule marks in the text, None if it marks none or cannot tell.
    """
    from transformers import GenerationConfig

    batch = inputs(model, encoder, queries)
    decoding = GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=cfg.max_new_tokens,
        eos_token_id=[encoder.tokenizer.eos_token_id, encoder.end_of_turn],
        pad_token_id=encoder.pad_id,
    )
    output = _generate(model, batch, decoding)
    texts = encoder.tokenizer.batch_decode(output[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return [_prediction(query, text) for query, text in zip(queries, texts, strict=True)]


def _generate(model: Any, batch: dict[str, Any], decoding: GenerationConfig) -> Any:
    # The model's own config is put aside, not overridden: generate() takes from it whatever the given one leaves open, and
    # Gemma's samples (temperature 1, top-k 64) while a fine-tune's may hide a repetition penalty.
    own, model.generation_config = model.generation_config, decoding
    try:
        return model.generate(**batch)
    finally:
        model.generation_config = own


def _prediction(query: Query, text: str) -> Prediction:
    return Prediction(query.presented, text, marked(text, query.presented.item.choices))
