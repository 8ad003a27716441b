"""One kind of question, and one question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gemma_audio.world.families.family import Attributes
from gemma_audio.world.signal import Rng


@dataclass(frozen=True)
class Question:
    """A question with its choices; `choices[gold]` is right, `detail` is what of the clip it asks about (often nothing)."""

    text: str
    choices: tuple[str, ...]
    gold: int
    detail: str = ""


@dataclass(frozen=True)
class Asking:
    """What is right and what is wrong about a clip.

    `details` lists what may be asked about ("first", "the man"); `answers` are all right answers to such a question; `wrong` are
    the distractors beside one of them. `wrong` takes (generator, attributes, detail, answer).
    """

    answers: Callable[[Attributes, str], Sequence[str]]
    wrong: Callable[[Rng, Attributes, str, str], Sequence[str]]
    details: Callable[[Attributes], Sequence[str]] = lambda attributes: ("",)


@dataclass(frozen=True)
class Task:
    """One kind of question.

    `family` names the kind of clip it is asked about, `source` the audio-QA corpus whose place it takes in training.
    `leaks` is true where level and length alone tell more than chance; the README lists the figures. `tested` is false where no
    probe was seen to learn the answer: such questions are asked in training and stand in no benchmark.
    """

    name: str
    domain: str
    subcategory: str
    category: str
    family: str
    source: str
    asking: Asking
    train_wordings: tuple[str, ...]
    test_wordings: tuple[str, ...]
    leaks: bool = False
    tested: bool = True


REASONING, EXTRACTION = "Reasoning", "Information Extraction"
