"""Rules for the evaluation: templates, limits, the files of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gemma_audio.config.rules import at_least, choice, given, template
from gemma_audio.config.schema import SPLITS, BenchmarkKind, Evaluation, Method
from gemma_audio.errors import Problem

FILES: Mapping[str, str] = {
    BenchmarkKind.mmau: "MMAU's annotation file (a JSON list)",
    BenchmarkKind.mcq_file: "a file of multiple-choice questions (.json, .jsonl or .csv)",
}
COLUMNS = (
    "id", "audio", "question", "choices", "answer", "domain", "subcategory", "category", "difficulty", "dataset",
)  # fmt: skip


def check_evaluation(evaluation: Evaluation) -> Iterator[Problem]:
    """Limits, templates, and files that are not there."""
    yield from at_least("evaluation.batch_size", evaluation.batch_size, 1)
    yield from at_least("evaluation.max_new_tokens", evaluation.max_new_tokens, 1)
    yield from at_least("evaluation.limit", evaluation.limit, 1)
    needs = ("question", "choices") if evaluation.method is Method.letter else ("question",)
    yield from template("evaluation.prompt", evaluation.prompt, ("question", "choices"), required=needs)
    letters = ("letter", "text") if evaluation.method is Method.letter else ("text",)
    yield from template("evaluation.choice", evaluation.choice, ("letter", "text"), required=letters)
    if evaluation.benchmark == BenchmarkKind.embedded:
        yield from choice("evaluation.split", evaluation.split, SPLITS)
    yield from _files(evaluation)
    yield from _unread(evaluation)


def _files(evaluation: Evaluation) -> Iterator[Problem]:
    """Files that must be set, and any that is set but not there."""
    kind, file, folder = evaluation.benchmark, evaluation.file, evaluation.audio_dir
    if kind == BenchmarkKind.embedded:
        return
    if file or kind in FILES:
        yield from given("evaluation.file", file, FILES.get(kind, "the benchmark's file"), Path.is_file)
    if folder or kind == BenchmarkKind.mmau:
        yield from given("evaluation.audio_dir", folder, "the folder of the benchmark's sounds", Path.is_dir)


def _unread(evaluation: Evaluation) -> Iterator[Problem]:
    """Fields that are set but that the benchmark does not read."""
    kind = evaluation.benchmark
    if kind == BenchmarkKind.mcq_file:
        for key in evaluation.columns:
            yield from choice("evaluation.columns", key, COLUMNS, "column")
    unread = {
        "file": kind == BenchmarkKind.embedded,
        "audio_dir": kind == BenchmarkKind.embedded,
        "columns": kind in (BenchmarkKind.embedded, BenchmarkKind.mmau),
        "options": kind in tuple(BenchmarkKind),
    }
    for key, useless in unread.items():
        if useless and getattr(evaluation, key):
            remedy = f"Leave evaluation.{key} out." if key == "options" else "evaluation=mcq_file"
            yield Problem(f"evaluation.{key}", f"is set, but the benchmark '{kind}' does not read it", remedy)
