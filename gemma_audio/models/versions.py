"""Versions of transformers that are known to compute Gemma 4 wrongly, without importing them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata

from gemma_audio.errors import Problem

TESTED = "5.23"


@dataclass(frozen=True)
class Wrong:
    """Versions below `fixed` compute something else than was asked for; `source` is the thread that says so."""

    fixed: str
    reason: str
    source: str


WRONG = (
    Wrong("5.5.2", "without a cache, layers that share keys and values compute garbage, in training above all", "#45242"),
    Wrong("5.10", "the number of audio placeholders is off by one", "#46416"),
)
DEVELOPMENT = (
    "in development versions of September 2026 the mask of eager attention, which the audio tower has, is inverted (#48818)"
)


def problems(version: str = "") -> list[Problem]:
    """The known faults of `version` (the installed one); nothing where there are none."""
    version = version or metadata.version("transformers")
    reasons = [f"{wrong.reason} (transformers {wrong.source})" for wrong in WRONG if _numbers(version) < _numbers(wrong.fixed)]
    reasons += [DEVELOPMENT] if "dev" in version and _numbers(version) > _numbers(TESTED) else []
    remedy = f"Install the tested one: pip install 'transformers=={TESTED}.*'"
    return [Problem("transformers", f"{version}: {'; '.join(reasons)}", remedy)] if reasons else []


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("dev")[0].partition("rc")[0])[:3])
