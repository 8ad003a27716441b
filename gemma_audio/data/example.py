"""One training example: a clip with a caption, or with a question and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Example:
    """A row of a training mix.

    `source` is the corpus (decides the prompt); `kind` is "caption" or "qa"; `question` and `choices` are empty for captions.
    `attributes` hold what the clip is known to contain; only the pretraining objectives read them.
    """

    id: str
    clip: str
    source: str
    kind: str
    question: str
    choices: tuple[str, ...]
    answer: str
    attributes: dict[str, str] = field(default_factory=dict)
