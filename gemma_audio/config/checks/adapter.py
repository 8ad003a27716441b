"""Rules for an adapter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gemma_audio.config.rules import at_least, choice, within
from gemma_audio.config.schema import ADAPTED, Stage
from gemma_audio.errors import Problem


def check_adapter(place: str, stage: Stage) -> Iterator[Problem]:
    """Sizes out of range, a scope of unknown parts or of no regular expressions; nothing for a stage without an adapter."""
    if (adapter := stage.adapter) is None:
        return
    yield from at_least(f"{place}.adapter.rank", adapter.rank, 1)
    yield from at_least(f"{place}.adapter.alpha", adapter.alpha, 1)
    yield from within(f"{place}.adapter.dropout", adapter.dropout, 0, 1, 0.05)
    ready = f"Take a ready one: adapter@{place}.adapter=dora_lm"
    if not adapter.scope:
        yield Problem(f"{place}.adapter.scope", f"is empty; it maps {', '.join(ADAPTED)} to regular expressions", ready)
    for part, expression in adapter.scope.items():
        if part not in ADAPTED:
            (known,) = choice(f"{place}.adapter.scope", part, ADAPTED, "part")
            yield Problem(known.place, known.message, known.remedy if "Did you mean" in known.remedy else ready)
        elif error := _irregular(expression):
            message = f"'{expression}' is not a regular expression: {error}"
            yield Problem(f"{place}.adapter.scope.{part}", message, f"Match whole module names. {ready}")


def _irregular(expression: str) -> str:
    try:
        re.compile(f"(?:{expression})")  # as it stands among others
    except re.error as error:
        return str(error)
    return ""
