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
from gemma_audio.training import order
from gemma_audio.training.features import Clips

Turn = tuple[str, str]
"""What the user says and what the model is to answer."""


class Examples:
    """The examples of one stage in the order of its seed. `kinds` are the kinds of example that the objective reads."""

    def __init__(self, stage: Stage, corpus: Corpus, encoder: Encoder, kinds: Sequence[str]) -> None:
        self.stage, self.encoder = stage, encoder
        found = select(corpus.examples, kinds, stage.mix.sources)
        self.examples = found[: math.ceil(stage.mix.share * len(found))]
        self.clips = Clips(corpus, encoder)

    def picks(self, batch: int) -> list[tuple[Example, np.random.Generator]]:
        """Return the examples of batch number `batch`, each with the generator of its own choices."""
        seed = self.stage.seed
        positions = order.picks(seed, batch, self.stage.batch_size, len(self.examples))
        return [(self.examples[index], order.generator(seed, order.CHOICE, at)) for at, index in positions]

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
