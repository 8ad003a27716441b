"""Rules for one training stage: what it trains, for how long, in which batches."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gemma_audio.config.checks.adapter import check_adapter
from gemma_audio.config.checks.general import NAME
from gemma_audio.config.checks.parts import check_parts, check_rates
from gemma_audio.config.checks.prompts import check_prompts
from gemma_audio.config.rules import at_least, once, within
from gemma_audio.config.schema import Stage
from gemma_audio.errors import Problem

BETAS = (("beta1", 0.9), ("beta2", 0.95))
SHOWN = 10  # divisors of a batch in a message


def check_stage(place: str, stage: Stage) -> Iterator[Problem]:
    """All problems of the stage at `place`, those of its adapter and prompts included."""
    if not NAME.fullmatch(stage.name):
        yield Problem(f"{place}.name", f"'{stage.name}' cannot name a folder", "Use letters, digits, '.', '_' and '-'.")
    if not stage.trains and stage.adapter is None:
        remedy = f"{place}.trains=[audio_tower] or adapter@{place}.adapter=dora_lm, or leave the stage out: '~stage@{place}'"
        yield Problem(place, "the stage trains nothing: no parts and no adapter", remedy)
    yield from check_parts(f"{place}.trains", stage.trains)
    yield from check_rates(place, stage)
    for key in ("steps", "batch_size", "micro_batch_size", "save_every", "checkpoint_every_layers"):
        yield from at_least(f"{place}.{key}", getattr(stage, key), 1)
    if stage.bucket_pool is not None:
        yield from at_least(f"{place}.bucket_pool", stage.bucket_pool, 1)
    yield from _micro_batch(place, stage)
    yield from _optim(place, stage)
    yield from once(f"{place}.mix.sources", stage.mix.sources)
    if not 0 < stage.mix.share <= 1:
        yield Problem(f"{place}.mix.share", f"{stage.mix.share} is not above 0 and at most 1", f"{place}.mix.share=0.25")
    yield from check_adapter(place, stage)
    yield from check_prompts(place, stage)


def _micro_batch(place: str, stage: Stage) -> Iterator[Problem]:
    size, micro = stage.batch_size, stage.micro_batch_size
    if micro >= 1 and size >= 1 and size % micro:
        divisors = [n for n in range(1, size + 1) if size % n == 0]
        allowed = ", ".join(map(str, divisors[:SHOWN])) + (", ..." if len(divisors) > SHOWN else "")
        message = f"{micro} does not divide the batch of {size}; allowed: {allowed}"
        yield Problem(f"{place}.micro_batch_size", message, f"{place}.micro_batch_size={max(n for n in divisors if n <= micro)}")


def _optim(place: str, stage: Stage) -> Iterator[Problem]:
    optim, where = stage.optim, f"{place}.optim"
    if not 0 < optim.lr < math.inf:
        yield Problem(f"{where}.lr", f"{optim.lr} is not above 0 and finite", f"{where}.lr=1e-3")
    for key, usual in BETAS:
        yield from within(f"{where}.{key}", getattr(optim, key), 0, 1, usual)
    yield from within(f"{where}.weight_decay", optim.weight_decay, 0, math.inf, 0.01)
    yield from within(f"{where}.min_lr_ratio", optim.min_lr_ratio, 0, 1, 0.1, closed=True)
    if not optim.grad_clip > 0:
        yield Problem(f"{where}.grad_clip", f"{optim.grad_clip} would hold every gradient at 0", f"{where}.grad_clip=1.0")
    if optim.warmup_steps < 0:
        yield Problem(f"{where}.warmup_steps", f"{optim.warmup_steps} is below 0", f"{where}.warmup_steps=0")
    elif optim.warmup_steps > stage.steps >= 1:
        message = f"{optim.warmup_steps} steps of warm-up are longer than the stage of {_steps(stage.steps)}"
        yield Problem(f"{where}.warmup_steps", message, f"{where}.warmup_steps={stage.steps // 10}")


def _steps(number: int) -> str:
    return f"{number} step{'' if number == 1 else 's'}"
