"""Rules for the in-training probe: its interval, its questions, and that those are not the reported ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields

from gemma_audio.config.checks.evaluation import check_evaluation
from gemma_audio.config.kinds import BenchmarkKind
from gemma_audio.config.rules import at_least
from gemma_audio.config.schema import Config, Evaluation
from gemma_audio.errors import Problem

QUESTIONS = ("benchmark", "split", "file", "columns", "options")
CONTROLS = ("orders", "wordings", "silenced", "swapped", "no_question")


def check_probe(config: Config) -> Iterator[Problem]:
    """All problems of the probe; nothing where there is none."""
    if (probe := config.probe) is None:
        return
    yield from at_least("probe.every", probe.every, 1)
    yield from check_evaluation(probe.evaluation, "probe.evaluation")
    if _asked(probe.evaluation) == _asked(config.evaluation):
        message = "the probe would look at the reported questions: the best of its looks flatters what is trained"
        yield Problem("probe.evaluation", message, _other(config))
    default = {field.name: field.default for field in fields(Evaluation)}
    for key in CONTROLS:
        if getattr(probe.evaluation, key) != default[key]:
            yield Problem(f"probe.evaluation.{key}", "controls are not probed", f"Leave probe.evaluation.{key} out.")


def _other(config: Config) -> str:
    """What to type for two different sets of questions."""
    if config.evaluation.benchmark != BenchmarkKind.embedded:
        return "probe.evaluation.file=PATH, with other questions"
    return "probe.evaluation.split=dev" if config.evaluation.split != "dev" else "evaluation.split=test"


def _asked(evaluation: Evaluation) -> dict[str, object]:
    return {key: asdict(evaluation)[key] for key in QUESTIONS}
