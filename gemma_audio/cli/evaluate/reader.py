"""How the files of a command are read and scored, and where its warnings go."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gemma_audio.evaluation.answer_form import Form
from gemma_audio.evaluation.answer_key import AnswerKey, read_key
from gemma_audio.evaluation.prediction_file import read_predictions
from gemma_audio.evaluation.scorecard import Scorecard, score_file
from gemma_audio.report.text import plain


@dataclass(frozen=True)
class Reader:
    """A benchmark file, and what was typed of prediction files: columns of ids and answers ("": found), the answers' form."""

    benchmark: Path
    ids: str
    answers: str
    form: Form

    @cached_property
    def key(self) -> AnswerKey:
        """The benchmark's questions, read once. BenchmarkError for a file that cannot be used."""
        return read_key(self.benchmark)

    def score(self, path: Path) -> Scorecard:
        """A file scored on all of them. GemmaAudioError for a file that cannot be used."""
        return score_file(self.key, read_predictions(path, self.answers, self.form, self.ids))


def warn(lines: Sequence[str]) -> None:
    """One line each on stderr."""
    for line in lines:
        print(f"warning: {plain(line, 600)}", file=sys.stderr)
