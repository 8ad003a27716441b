"""What an evaluation's result depends on, apart from the weights."""

from __future__ import annotations

from typing import Any

from gemma_audio.config.kinds import Method
from gemma_audio.config.schema import Evaluation
from gemma_audio.evaluation import benchmarks


def identity(cfg: Evaluation, data_identity: dict[str, Any] | None) -> dict[str, Any]:
    """Questions, sounds, method and templates of `cfg`, for a fingerprint; never a seed, a path, a name or a batch size.

    Raises BenchmarkError where the benchmark's file cannot be read.
    """
    parts: dict[str, Any] = {
        "benchmark": str(cfg.benchmark),
        "questions": benchmarks.identity(cfg, data_identity),
        "method": str(cfg.method),
        "prompt": cfg.prompt,
        "choice": cfg.choice,
        "separator": cfg.separator,
        "limit": cfg.limit,
    }
    if cfg.method == Method.generate:
        parts["max_new_tokens"] = cfg.max_new_tokens
    return parts | {"controls": _controls(cfg)}


def _controls(cfg: Evaluation) -> dict[str, Any] | None:
    """The controls that are asked for; None where there are none, so that evaluations without them keep their names."""
    asked = {"silenced": cfg.silenced, "swapped": cfg.swapped, "no_question": cfg.no_question}
    found: dict[str, Any] = {name: True for name, wanted in asked.items() if wanted}
    found |= {"orders": cfg.orders} if cfg.orders > 1 else {}
    found |= {"wordings": cfg.other_prompts} if cfg.wordings else {}
    return found or None
