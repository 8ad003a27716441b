"""Evaluation: a whole benchmark, the options' shared prefix, and the other two methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from gemma_audio.cli.bench.clock import paired, repeated
from gemma_audio.cli.bench.figure import Bound, Figure, seconds
from gemma_audio.cli.bench.setting import Setting
from gemma_audio.config.kinds import Method
from gemma_audio.config.schema import Evaluation
from gemma_audio.data.collate import IGNORED, Encoded, collate
from gemma_audio.data.encoder import Encoder
from gemma_audio.evaluation import benchmarks
from gemma_audio.evaluation.methods import option_text
from gemma_audio.evaluation.methods.batch import chosen_logprobs
from gemma_audio.evaluation.predict import predict
from gemma_audio.evaluation.prediction import Query
from gemma_audio.evaluation.prompt import present, render
from gemma_audio.evaluation.run import evaluate
from gemma_audio.models.load import load

QUESTIONS, MOST = 480, 20.0 * 480 / 500


def whole(setting: Setting) -> list[Figure]:
    """Questions by option_text, from the files of the model to those of the scores."""
    config, count = setting.config, setting.size(QUESTIONS, 4)
    cfg, into = replace(config.evaluation, limit=count), setting.scratch / "evaluation"
    where: dict[str, Any] = {"data_folder": setting.world, "trainer": config.trainer, "chain": (), "into": into}
    took = repeated(partial(evaluate, cfg, model=config.model, **where), setting.size(3))
    note = f"{count} questions, loading and writing included; CPU {seconds(took.cpu)}"
    return [Figure("evaluation by option_text", took.wall, "s", Bound(MOST), note)]


def shared_prefix(setting: Setting) -> list[Figure]:
    """The likelihoods of all options after one prompt, or each after a prompt of its own."""
    cfg = replace(setting.config.evaluation, limit=setting.size(16, 2))
    model, processor = load(setting.config.model)
    encoder = Encoder(processor)
    queries = _queries(cfg, setting, encoder)

    def shared() -> list[float]:
        with torch.inference_mode():
            return [value for found in option_text.answer(model, encoder, queries, cfg) for value in found.logprobs]

    pair = paired(shared, partial(_anew, model, encoder, queries), setting.size(5))
    note = f"{len(queries)} questions, their options after one prompt, or each after the prompt anew"
    return [pair.figure("shared prefix", note)]


def letter(setting: Setting) -> list[Figure]:
    """Questions by the letters' likelihoods."""
    return [_rate(setting, Method.letter)]


def generate(setting: Setting) -> list[Figure]:
    """Questions by greedy decoding."""
    return [_rate(setting, Method.generate)]


def _rate(setting: Setting, method: Method) -> Figure:
    cfg = replace(setting.config.evaluation, method=method, limit=setting.size(64, 2))
    model, processor = load(setting.config.model)
    benchmark, encoder = benchmarks.load(cfg, setting.world), Encoder(processor)
    took = repeated(lambda: predict(cfg, benchmark, model, encoder), setting.size(3))
    count = len(benchmark.items)
    return Figure(f"evaluation by {method}", count / took.wall, "items/s", note=f"{count} questions; CPU {seconds(took.cpu)}")


def _queries(cfg: Evaluation, setting: Setting, encoder: Encoder) -> list[Query]:
    benchmark = benchmarks.load(cfg, setting.world)
    made = []
    for presented in map(present, benchmark.items):
        frames = encoder.features(benchmark.audio(presented.item))
        prompt = encoder.prompt(render(cfg, presented), encoder.audio_tokens(len(frames)))
        made.append(Query(presented, Encoded(prompt, [], frames)))
    return made


@torch.inference_mode()
def _anew(model: Any, encoder: Encoder, queries: Sequence[Query]) -> list[float]:
    """Mean log-probability of each option's tokens, its prompt run for it alone; one batch per question."""
    found: list[float] = []
    for query in queries:
        shown = [encoder.answer(text.strip()) for text in query.presented.item.choices]
        rows = [replace(query.encoded, answer=answer) for answer in shown]
        batch = collate(rows, encoder.pad_id, "left")
        labels = batch.pop("labels")[:, 1:]
        position_ids = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
        logits = model(**batch, position_ids=position_ids, use_cache=False).logits[:, :-1].float()
        real = labels != IGNORED
        logprobs = chosen_logprobs(logits, labels.clamp(min=0)).masked_fill(~real, 0.0)
        found += (logprobs.sum(1) / real.sum(1)).tolist()
    return found
