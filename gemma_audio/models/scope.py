"""Where an adapter sits: regular expressions by part of the model, held against the names of its linear layers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from gemma_audio.errors import Problem
from gemma_audio.models.prefixes import ADAPTED, part_of

INNER = ".linear"
"""In the towers a plain linear layer of this name sits in a wrapper that clips, which takes no adapter."""


def pattern(scope: Mapping[str, str]) -> str:
    """The one regular expression that PEFT gets: any of the entries, each on whole names."""
    return "|".join(f"(?:{expression})" for expression in scope.values())


def check_scope(place: str, scope: Mapping[str, str], linears: Iterable[str], others: Iterable[str] = ()) -> Iterator[Problem]:
    """Entries that match none of a model's `linears`, or anything besides: another part's, a wrapper, one of the `others`.

    All must be regular expressions.
    """
    names = list(linears)
    wrappers = [name.removesuffix(INNER) for name in names if name.endswith(INNER)]
    for part, expression in scope.items():
        where, regular = f"{place}.{part}", re.compile(expression)
        found = [name for name in names if regular.fullmatch(name)]
        if foreign := next((name for name in found if part_of(name, ADAPTED) != part), None):
            message = f"'{expression}' matches {foreign}, which is no layer of {part}"
            yield Problem(where, message, f"Begin it with .*{ADAPTED[part].split('.')[1]}\\. as in conf/adapter/dora_lm.yaml")
        elif clipped := next(filter(regular.fullmatch, wrappers), None):
            message = f"'{expression}' matches {clipped}, which clips and takes no adapter"
            yield Problem(where, message, f"Match its inner layer, {clipped}{INNER}, and not the wrapper.")
        elif other := next(filter(regular.fullmatch, others), None):
            yield Problem(where, f"'{expression}' matches {other}, which is no linear layer", "Match linear layers only.")
        elif not found:
            yield _nothing(where, part, expression, names)


def _nothing(where: str, part: str, expression: str, names: Iterable[str]) -> Problem:
    message = f"'{expression}' matches none of the model's linear layers"
    one = next((name for name in names if part_of(name, ADAPTED) == part), None)
    if one is None:
        return Problem(where, f"{message}: it has no {part}", f"Leave {part} out of the scope.")
    group = where.removesuffix(f".scope.{part}")
    return Problem(where, f"{message}, such as {one}", f"Take a ready one: adapter@{group}=dora_lm")
