"""Errors whose message names the place, the value, what is allowed and what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class GemmaAudioError(Exception):
    """Base of every error that a user can cause and mend; the command line prints it without a traceback."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands, what is wrong (with the value and what is allowed), and the remedy."""

    place: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f"\n    {self.remedy}" if self.remedy else "")


class ConfigError(GemmaAudioError):
    """Every problem of a config at once, found before anything is loaded."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        super().__init__(f"{count} in the config:\n" + "\n".join(f"  {problem}" for problem in self.problems))


class AudioError(GemmaAudioError):
    """A sound that cannot be used: unreadable, empty, too long, not finite, wrong rate or channel count."""


class BenchmarkError(GemmaAudioError):
    """An annotation file that cannot be used as a whole."""


class StoreError(GemmaAudioError):
    """A content-addressed folder that is damaged or cannot be written."""
