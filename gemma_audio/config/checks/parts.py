"""Rules for the parts that a stage trains and for their learning rates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from gemma_audio.config.part import ADAPTER, LAYERED, Part, parse
from gemma_audio.config.rules import choice
from gemma_audio.config.schema import PARTS, Stage
from gemma_audio.errors import Problem

SYNTAX = "Write a range as Python does: audio_tower.layers[8:12], [8:], [:-2] or [3]; audio_tower.rest is all outside its layers."
Span = tuple[float, float]


def check_parts(place: str, entries: Sequence[str]) -> Iterator[Problem]:
    """Entries of `trains` that are unknown, malformed or empty, or that overlap, in whatever model."""
    for entry in dict.fromkeys(entries):
        yield from _entry(place, entry)
    for (one, a), (other, b) in combinations([(entry, part) for entry in entries if (part := parse(entry))], 2):
        if one == other:
            yield Problem(place, f"'{one}' is listed twice", "Name it once.")
        elif _overlap(a, b):
            yield _overlapping(place, one, other)


def check_layers(place: str, entries: Sequence[str], counts: Mapping[str, int]) -> Iterator[Problem]:
    """Ranges that select no layer, or that overlap, in a model that has `counts` layers by part."""
    ranges = [(entry, part) for entry in entries if (part := parse(entry)) and part.kind == "layers"]
    for entry, part in ranges:
        count = counts.get(part.name, 0)
        if not part.layers(count):
            message = f"'{entry}' selects no layer: the model's {part.name} has {count}"
            yield Problem(place, message, f"'{part.name}.layers[0:{count}]' is all of them.")
    for (one, a), (other, b) in combinations(ranges, 2):
        if a.name == b.name and one != other and set(a.layers(counts.get(a.name, 0))) & set(b.layers(counts.get(b.name, 0))):
            yield _overlapping(place, one, other)


def check_rates(place: str, stage: Stage) -> Iterator[Problem]:
    """Keys of `optim.lr_by_part` that the stage at `place` does not train, and rates that are not above 0."""
    where = f"{place}.optim.lr_by_part"
    trained = [*stage.trains, *([ADAPTER] if stage.adapter else [])]
    for key, rate in stage.optim.lr_by_part.items():
        if key not in trained:
            remedy = f"Its keys are entries of {place}.trains, word for word, or '{ADAPTER}' for the adapter's tensors."
            yield Problem(where, f"'{key}' is not trained here; trained: {', '.join(trained) or 'nothing'}", remedy)
        if not 0 < rate < math.inf:
            yield Problem(where, f"{rate} for '{key}' is not above 0", "Leave a part out of `trains` to keep it as it is.")


def _entry(place: str, entry: str) -> Iterator[Problem]:
    part, head = parse(entry), entry.partition(".")[0]
    if part is None and head in PARTS and head not in LAYERED:
        remedy = f"{place}=[{head}]; parts with layers: {', '.join(LAYERED)}"
        yield Problem(place, f"'{entry}': {head} cannot be taken apart by layers", remedy)
    elif part is None and head in PARTS:
        yield Problem(place, f"'{entry}' is no range of layers", SYNTAX)
    elif part is None:
        yield from choice(place, entry, PARTS, "part", listed=True)
    elif any(low >= high for low, high in filter(None, _spans(part))):
        yield Problem(place, f"'{entry}' selects no layer of any model", SYNTAX)


def _overlapping(place: str, one: str, other: str) -> Problem:
    return Problem(place, f"'{one}' and '{other}' overlap", "Name every layer once.")


def _overlap(a: Part, b: Part) -> bool:
    """Whether two entries share tensors as far as can be told without the number of layers."""
    if a.name != b.name:
        return False
    if a.kind != "layers" or b.kind != "layers":
        return a.kind == b.kind or "whole" in (a.kind, b.kind)
    return any(max(x[0], y[0]) < min(x[1], y[1]) for x, y in zip(_spans(a), _spans(b), strict=True) if x and y)


def _spans(part: Part) -> tuple[Span | None, Span | None]:
    """The range counted from the first layer, and counted back from the last; None where it cannot be told that way."""
    start, stop = part.start, part.stop
    front = (start or 0, math.inf if stop is None else stop)
    back = (-math.inf if start is None else start, 0 if stop is None else stop)
    return front if min(front) >= 0 else None, back if max(back) <= 0 and start != 0 and stop != 0 else None
