"""Batches that shrink when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.models import memory

Row = TypeVar("Row")
Result = TypeVar("Result")


class Batches:
    """Runs rows batch by batch; when memory runs out the batch is halved for good and the same rows run again.

    `size` is the size in use, `halvings` how often it shrank. In float32 on a CPU log-probabilities do not depend on either
    (within 1e-4, tested); in bfloat16 or on a GPU other batch shapes round differently, and a near tie may turn.
    """

    def __init__(self, size: int) -> None:
        self.size = max(1, size)
        self.halvings = 0

    def run(self, rows: Sequence[Row], work: Callable[[Sequence[Row]], list[Result]]) -> list[Result]:
        """`work` over all rows, in order. GemmaAudioError where a single row does not fit."""
        done: list[Result] = []
        while len(done) < len(rows):
            part = rows[len(done) : len(done) + self.size]
            results = _attempt(work, part)
            if results is None:
                self._shrink(len(part))
            else:
                done += results
        return done

    def _shrink(self, tried: int) -> None:
        if tried == 1:
            remedy = "free memory on the device, use model.dtype=bfloat16, or a machine with more memory"
            raise GemmaAudioError(str(Problem("evaluation", "a single question does not fit into memory", remedy)))
        self.size = (tried + 1) // 2
        self.halvings += 1
        memory.release()


def _attempt(work: Callable[[Sequence[Row]], list[Result]], rows: Sequence[Row]) -> list[Result] | None:
    # None instead of a retry inside `except`: there the traceback would keep the tensors of the failed batch alive.
    try:
        return work(rows)
    except (RuntimeError, MemoryError) as error:
        if not memory.is_out_of_memory(error):
            raise
        return None
