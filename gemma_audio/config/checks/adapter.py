"""Rules for an adapter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gemma_audio.config.rules import at_least, within
from gemma_audio.config.schema import Stage
from gemma_audio.errors import Problem


def check_adapter(place: str, stage: Stage) -> Iterator[Problem]:
    """Sizes out of range and a target that is no regular expression; nothing for a stage without an adapter."""
    if (adapter := stage.adapter) is None:
        return
    yield from at_least(f"{place}.adapter.rank", adapter.rank, 1)
    yield from at_least(f"{place}.adapter.alpha", adapter.alpha, 1)
    yield from within(f"{place}.adapter.dropout", adapter.dropout, 0, 1, 0.05)
    try:
        re.compile(adapter.target)
    except re.error as error:
        message = f"'{adapter.target}' is not a regular expression: {error}"
        remedy = f"Match whole module names, or take a ready one: adapter@{place}.adapter=dora_lm"
        yield Problem(f"{place}.adapter.target", message, remedy)
