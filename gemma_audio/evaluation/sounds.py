"""What the model is fed for each item: log-mel frames, or a frozen tower's output, made once under however many conditions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from gemma_audio.data.encoder import Encoder
from gemma_audio.data.sound import Sound
from gemma_audio.errors import AudioError
from gemma_audio.evaluation.item import Benchmark, Item
from gemma_audio.models.hearing import Features, Hearing

PENDING = 512
"""Sounds that wait for the tower, so that those of equal length share a batch (30 s at 128 mels is 1.5 MB)."""


@dataclass(frozen=True)
class Known:
    """A sound that was decoded before: the key of its features and its number of samples."""

    key: str
    samples: int


class Sounds:
    """The sounds of a benchmark; with a `hearing` each is decoded once, and heard once.

    A sound that cannot be used raises its AudioError every time it is asked for.
    """

    def __init__(self, benchmark: Benchmark, encoder: Encoder, hearing: Hearing | None = None) -> None:
        self._benchmark, self._encoder, self._hearing = benchmark, encoder, hearing
        self._known: dict[tuple[str, bool], Known | AudioError] = {}
        self._pending: dict[str, Features] = {}

    def of(self, item: Item, *, silent: bool = False) -> Sound:
        """What the model is fed: the item's sound, or silence of its length. Raises AudioError."""
        if self._hearing is None:
            frames = self._frames(item, silent)
            return Sound(self._encoder.audio_tokens(len(frames)), len(frames), lambda: frames)
        known = self._find(item, silent, self._hearing)
        tokens = self._encoder.audio_tokens(self._encoder.frames(known.samples))
        return Sound(tokens, tokens, partial(self._output, known.key, item, silent, self._hearing))

    def _find(self, item: Item, silent: bool, hearing: Hearing) -> Known:
        at = (item.id, silent)
        if at not in self._known:
            try:
                self._known[at] = self._listen(item, silent, hearing)
            except AudioError as error:
                self._known[at] = error
        if isinstance(known := self._known[at], AudioError):
            raise known
        return known

    def _listen(self, item: Item, silent: bool, hearing: Hearing) -> Known:
        wave = np.zeros(self._find(item, False, hearing).samples, np.float32) if silent else self._benchmark.audio(item)
        key = hearing.key(wave)
        if not hearing.cache.holds(key):
            self._pending[key] = self._encoder.features(wave)
            if len(self._pending) >= PENDING:
                self._hear(hearing)
        return Known(key, len(wave))

    def _hear(self, hearing: Hearing) -> None:
        hearing.hear(self._pending)
        self._pending.clear()

    def _output(self, key: str, item: Item, silent: bool, hearing: Hearing) -> Features:
        if key in self._pending:
            self._hear(hearing)
        return hearing.features(key, lambda: self._frames(item, silent))

    def _frames(self, item: Item, silent: bool) -> Features:
        wave = self._benchmark.audio(item)
        return self._encoder.features(np.zeros_like(wave) if silent else wave)
