"""One benchmark question, and a benchmark of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gemma_audio.data.rejected import Rejected


@dataclass(frozen=True)
class Item:
    """One multiple-choice question about one clip; `audio` is a path relative to the audio folder, or a clip id.

    `task` is MMAU's domain (sound, music, speech); `choices` keep the benchmark's own order and spelling.
    """

    id: str
    audio: str
    question: str
    choices: tuple[str, ...]
    answer: str
    task: str
    category: str
    subcategory: str
    difficulty: str
    dataset: str

    @property
    def gold(self) -> tuple[int, ...]:
        """Every index whose text equals the answer (27 rows of MMAU hold duplicate choices, in 16 of them the gold is one)."""
        return tuple(index for index, choice in enumerate(self.choices) if choice == self.answer)


@dataclass
class Benchmark:
    """Questions with the sha256 and revision of the file they come from.

    `audio(item)` gives float32 mono 16 kHz and raises AudioError; `notes` collects per item what decoding changed.
    """

    name: str
    sha256: str
    revision: str
    items: list[Item]
    rejected: list[Rejected]
    audio: Callable[[Item], np.ndarray]
    warnings: list[str] = field(default_factory=list)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
