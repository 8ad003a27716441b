"""Rules for the evaluation: templates, limits, the files of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gemma_audio.config.checks.general import NAME
from gemma_audio.config.kinds import BenchmarkKind, Method
from gemma_audio.config.rules import at_least, choice, given, template, within
from gemma_audio.config.schema import SPLITS, Evaluation
from gemma_audio.errors import Problem

FILES: Mapping[str, str] = {
    BenchmarkKind.mmau: "MMAU's annotation file (a JSON list)",
    BenchmarkKind.mcq_file: "a file of multiple-choice questions (.json, .jsonl or .csv)",
}
FIELDS = ("question", "choices")
COLUMNS = (
    "id", "audio", "question", "choices", "answer", "domain", "subcategory", "category", "difficulty", "dataset",
)  # fmt: skip


def check_evaluation(evaluation: Evaluation, place: str = "evaluation") -> Iterator[Problem]:
    """All problems of the evaluation at `place`: limits, templates, controls, files that are not there."""
    yield from within(f"{place}.orders", evaluation.orders, 1, 26, 4, closed=True)
    yield from _wordings(evaluation, place)
    yield from at_least(f"{place}.batch_size", evaluation.batch_size, 1)
    yield from at_least(f"{place}.max_new_tokens", evaluation.max_new_tokens, 1)
    yield from at_least(f"{place}.limit", evaluation.limit, 1)
    yield from template(f"{place}.prompt", evaluation.prompt, FIELDS, required=_needs(evaluation))
    letters = ("letter", "text") if evaluation.method is Method.letter else ("text",)
    yield from template(f"{place}.choice", evaluation.choice, ("letter", "text"), required=letters)
    if evaluation.benchmark == BenchmarkKind.embedded:
        yield from choice(f"{place}.split", evaluation.split, SPLITS)
    yield from _files(evaluation, place)
    yield from _unread(evaluation, place)


def _needs(evaluation: Evaluation) -> tuple[str, ...]:
    return FIELDS if evaluation.method is Method.letter else FIELDS[:1]


def _wordings(evaluation: Evaluation, place: str) -> Iterator[Problem]:
    """Other prompts that are no templates, have no usable name, or are missing where they are asked for."""
    if evaluation.wordings and not evaluation.other_prompts:
        remedy = f"'+{place}.other_prompts.NAME=\"{{question}} {{choices}}\"', or {place}.wordings=false"
        yield Problem(f"{place}.wordings", "is set, but there are no other prompts", remedy)
    for name, prompt in evaluation.other_prompts.items():
        if not NAME.fullmatch(name):
            yield Problem(f"{place}.other_prompts", f"'{name}' is no name", "Use letters, digits, '.', '_' and '-'.")
        yield from template(f"{place}.other_prompts.{name}", prompt, FIELDS, required=_needs(evaluation))


def _files(evaluation: Evaluation, place: str) -> Iterator[Problem]:
    """Files that must be set, and any that is set but not there."""
    kind, file, folder = evaluation.benchmark, evaluation.file, evaluation.audio_dir
    if kind == BenchmarkKind.embedded:
        return
    if file or kind in FILES:
        yield from given(f"{place}.file", file, FILES.get(kind, "the benchmark's file"), Path.is_file)
    if folder or kind == BenchmarkKind.mmau:
        yield from given(f"{place}.audio_dir", folder, "the folder of the benchmark's sounds", Path.is_dir)


def _unread(evaluation: Evaluation, place: str) -> Iterator[Problem]:
    """Fields that are set but that the benchmark does not read."""
    kind = evaluation.benchmark
    if kind == BenchmarkKind.mcq_file:
        for key in evaluation.columns:
            yield from choice(f"{place}.columns", key, COLUMNS, "column")
    unread = {
        "file": kind == BenchmarkKind.embedded,
        "audio_dir": kind == BenchmarkKind.embedded,
        "columns": kind in (BenchmarkKind.embedded, BenchmarkKind.mmau),
        "options": kind in tuple(BenchmarkKind),
    }
    for key, useless in unread.items():
        if useless and getattr(evaluation, key):
            remedy = f"Leave {place}.{key} out." if key == "options" else "evaluation=mcq_file"
            yield Problem(f"{place}.{key}", f"is set, but the benchmark '{kind}' does not read it", remedy)
