"""Which examples a stage reads, in which order, and what each becomes: prompt, answer and sound."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gemma_audio.config.schema import Prompts, Stage
from gemma_audio.data.collate import Encoded
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.example import Example
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.training import buckets, order
from gemma_audio.training.features import Clips

Turn = tuple[str, str]
"""What the user says and what the model is to answer."""


class Examples:
    """The examples of one stage in the order of its seed. `kinds` are the kinds of example that the objective reads.

    With `bucket_pool` the rows of that many batches are dealt out anew, in micro-batches of like length.
    """

    def __init__(self, stage: Stage, corpus: Corpus, encoder: Encoder, kinds: Sequence[str]) -> None:
        self.stage, self.encoder = stage, encoder
        found = select(corpus.examples, kinds, stage.mix.sources)
        self.examples = found[: math.ceil(stage.mix.share * len(found))]
        self.clips = Clips(corpus, encoder)
        self._pool: tuple[int, list[list[int]]] = (-1, [])

    def picks(self, batch: int) -> list[tuple[Example, np.random.Generator]]:
        """Return the examples of batch number `batch`, each with the generator of its own choices."""
        seed, size, count = self.stage.seed, self.stage.batch_size, len(self.examples)
        if not self.stage.bucket_pool:
            return [self._drawn(*pick) for pick in order.picks(seed, batch, size, count)]
        pool, place = divmod(batch, self.stage.bucket_pool)
        return [self._drawn(at, order.index(seed, at, count)) for at in self._dealt(pool)[place]]

    def length(self, example: Example, rng: np.random.Generator) -> int:
        """Return how long a row of `example` is, for rows of like length to share a micro-batch; no sound is read for it."""
        return self.clips.tokens(example.clip)

    def _drawn(self, at: int, index: int) -> tuple[Example, np.random.Generator]:
        return self.examples[index], order.generator(self.stage.seed, order.CHOICE, at)

    def _dealt(self, pool: int) -> list[list[int]]:
        """The positions of every batch of a pool; the last one ends with the stage."""
        if self._pool[0] != pool:
            stage, most, count = self.stage, self.stage.bucket_pool or 1, len(self.examples)
            first, batches = pool * most, min(most, self.stage.steps - pool * most)
            picks = [pick for at in range(batches) for pick in order.picks(stage.seed, first + at, stage.batch_size, count)]
            lengths = [self.length(*self._drawn(*pick)) for pick in picks]
            micro = min(stage.micro_batch_size, stage.batch_size)
            dealt = buckets.deal(stage.seed, pool, lengths, stage.batch_size, micro)
            self._pool = pool, [[picks[row][0] for row in batch] for batch in dealt]
        return self._pool[1]

    def visited(self, steps: int) -> list[str]:
        """Return the clips that a run of `steps` batches hears, sorted."""
        return sorted({example.clip for batch in range(steps) for example, _ in self.picks(batch)})

    def rows(self, batch: int) -> list[Any]:
        """Return the rows of batch number `batch`, always the same ones."""
        raise NotImplementedError


class AnswerRows(Examples):
    """One turn per example; `turn` writes it."""

    def __init__(
        self,
        stage: Stage,
        corpus: Corpus,
        encoder: Encoder,
        kinds: Sequence[str],
        turn: Callable[[Stage, Example, np.random.Generator], Turn],
    ) -> None:
        super().__init__(stage, corpus, encoder, kinds)
        self.turn = turn

    def rows(self, batch: int) -> list[Encoded]:
        """Return one encoded row per example."""
        return [self._row(example, rng) for example, rng in self.picks(batch)]

    def length(self, example: Example, rng: np.random.Generator) -> int:
        """Return the row's tokens: prompt, sound and answer."""
        return len(self._row(example, rng))

    def _row(self, example: Example, rng: np.random.Generator) -> Encoded:
        text, answer = self.turn(self.stage, example, rng)
        prompt = self.encoder.prompt(text, self.clips.tokens(example.clip))
        return Encoded(prompt, self.encoder.answer(answer), self.clips.inputs(example.clip))


def select(examples: Sequence[Example], kinds: Sequence[str], sources: Sequence[str]) -> list[Example]:
    """Return the examples of `kinds` from `sources` (none listed: from all), in the corpus's order.

    Raises ConfigError where a source has no such example, with the sources that have.
    """
    fitting = [example for example in examples if example.kind in kinds]
    known = {example.source for example in fitting}
    if missing := set(sources or ["*"]) - known - ({"*"} if known else set()):
        message = f"the corpus has no {' or '.join(kinds)} example of {', '.join(sorted(missing))}"
        raise ConfigError([Problem("stage.mix.sources", message, f"sources: {', '.join(sorted(known)) or 'none'}")])
    return [example for example in fitting if not sources or example.source in sources]


def draw(prompts: Prompts | None, source: str, rng: np.random.Generator) -> str:
    """Return one of the prompts of `source`, or of "*". Raises ConfigError where there is none."""
    by_source = prompts.by_source if prompts else {}
    choices = by_source.get(source) or by_source.get("*")
    if not choices:
        message = f"no prompt for the source {source!r}"
        raise ConfigError([Problem("stage.prompts", message, 'add the source, or the key "*" for every other one')])
    return str(choices[int(rng.integers(len(choices)))])
