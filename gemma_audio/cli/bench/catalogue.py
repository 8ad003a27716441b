"""Every measurement by name; its module is imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module

from gemma_audio.cli.bench.figure import Figure
from gemma_audio.cli.bench.setting import Measure, Setting

MEASURES = {
    "help": "start:help_text",
    "completion": "start:completion",
    "fork_server": "start:fork_server",
    "clips": "synthesis:clips",
    "world": "synthesis:world",
    "transforms": "synthesis:transforms",
    "cached_tower": "training:cached_tower",
    "answer_logits": "training:answer_logits",
    "dora": "dora:product",
    "step": "step:whole",
    "encoder_step": "training:encoder_step",
    "checkpoint": "training:checkpoint",
    "option_text": "answering:whole",
    "shared_prefix": "answering:shared_prefix",
    "letter": "answering:letter",
    "generate": "answering:generate",
    "pair": "statistics:pair",
    "report": "statistics:report",
    "large_report": "statistics:large_report",
    "smoke": "sweeps:smoke",
    "ablation": "sweeps:ablation",
}


def measured(name: str, setting: Setting) -> list[Figure]:
    """The figures of one measurement; one that fails says so in their place and stops no other."""
    try:
        return measure(name)(setting)
    except Exception as error:
        return [Figure(name, None, note=f"failed: {type(error).__name__}: {error}")]


def measure(name: str) -> Measure:
    """The function behind a name."""
    module, function = MEASURES[name].split(":")
    found: Measure = getattr(import_module(f"gemma_audio.cli.bench.{module}"), function)
    return found
