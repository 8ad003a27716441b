"""All measurements, one after the other, each with the model that it needs; what does not fit is a row that says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch

from gemma_audio.cli.gpu.answering import answer
from gemma_audio.cli.gpu.case import Case, cases
from gemma_audio.cli.gpu.rows import ANSWER, TEXT, TOKENS_PER_SECOND
from gemma_audio.cli.gpu.step import Step, Took, wait
from gemma_audio.cli.gpu.subject import CAPTION, Subject
from gemma_audio.cli.gpu.table import Row
from gemma_audio.models import memory
from gemma_audio.training.trainables import Trainables

MIXED = (10.0, 30.0)
"""Seconds of the questions' sounds, from the shortest to the longest."""
ENCODER, QUESTIONS = "stage_1", "questions"
"""What is measured besides the cases."""


def known() -> list[str]:
    """All that can be measured, as it is typed."""
    return [*(case.key for case in cases()), ENCODER, QUESTIONS]


def measure(subject: Subject, keys: Sequence[str], seconds: Sequence[float], repeats: int, questions: int) -> Iterator[Row]:
    """Rows of the cases in `keys` by length, and of stage 1 and the questions where they are named there."""
    stock: dict[float, float] = {}
    *_, published, everything = cases()
    work = {length: _least_work(subject, everything, length) for length in seconds}
    for case in [case for case in cases() if case.key in keys]:
        for row in _adapter(subject, case, work, repeats, stock):
            if case.stock_loss and row.took:
                stock[row.seconds] = row.took.seconds
            yield row
    if ENCODER in keys:
        yield _encoder(subject, everything, max(seconds), repeats)
    if QUESTIONS in keys:
        yield _questions(subject, published, questions, adapted=False)
        yield _questions(subject, published, questions, adapted=True)


def _adapter(
    subject: Subject, case: Case, work: dict[float, float | None], repeats: int, stock: dict[float, float]
) -> Iterator[Row]:
    heard = case.savings.cached_features
    net, step = subject.net(case.savings, heard=heard), None
    for length, least in work.items():
        rows = subject.rows(length, subject.batch, heard=heard)
        step = step or Step(net, subject.adapter_stage(case), case, rows, subject.encoder.pad_id)
        step.rows = rows
        took, failure = attempt(partial(step.measured, repeats))
        yield Row(
            case.name,
            length,
            took,
            least if took else None,
            stock.get(length, took.seconds if took and case.stock_loss else None),
            failure,
        )


def _least_work(subject: Subject, case: Case, length: float) -> float | None:
    sound = round(length * TOKENS_PER_SECOND)
    return subject.least_work(case, sound + TEXT, sound, ANSWER)


def _encoder(subject: Subject, case: Case, length: float, repeats: int) -> Row:
    """Stage 1: the audio tower and the projector in float32, on captions."""
    rows = subject.rows(length, subject.batch, heard=False, answer=CAPTION)
    stage = subject.stage("v2", "encoder")

    def work() -> Took:
        return Step(subject.net(case.savings), stage, case, rows, subject.encoder.pad_id).measured(repeats)

    took, failure = attempt(work)
    return Row("stage 1, tower trained", length, took, failure=failure)


def _questions(subject: Subject, case: Case, count: int, *, adapted: bool) -> Row:
    """The base alone, or as a trained run is scored: with its adapter beside the weights."""
    rows = subject.rows(MIXED, count, heard=True, answer=0)

    def work() -> Took:
        net = subject.net(case.savings, heard=True)
        if adapted:
            Trainables(net, subject.adapter_stage(case), case.savings).net.to(subject.device).eval()
        return answer(net, rows, subject.encoder.pad_id)

    took, failure = attempt(work)
    return Row(f"{count} questions, {'adapter beside' if adapted else 'base'}, tower's outputs cached", 0, took, failure=failure)


def attempt(work: Callable[[], Took]) -> tuple[Took | None, str]:
    """What `work` measured, or why it could not: out of memory is a finding, any other error is raised."""
    try:
        return work(), ""
    except (RuntimeError, MemoryError) as error:
        if not memory.is_out_of_memory(error):
            raise
    memory.release()
    return None, "out of memory"


def matmul_rate(device: torch.device, quick: bool) -> float:
    """FLOPs a second of a large bfloat16 product on the device: what the roofline refers to."""
    size = 256 if quick else 8192
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    best = min(_seconds(lambda: a @ a, device) for _ in range(20))
    return 2 * size**3 / best


def _seconds(work: Callable[[], Any], device: torch.device) -> float:
    wait(device)
    began = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - began
