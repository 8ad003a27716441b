"""What a stage's `trains` may name: a part of the model, a range of its layers, or what lies outside its layers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gemma_audio.config.schema import PARTS

LAYERED = ("audio_tower", "language_model")
ADAPTER = "adapter"
"""The key of `optim.lr_by_part` that stands for the adapter's tensors."""

RANGE = re.compile(r"(\w+)\.layers\[(-?\d+)?(?:(:)(-?\d+)?)?\]")


@dataclass(frozen=True)
class Part:
    """One entry of `trains`: all of `name`, its layers from `start` to `stop` (as in a slice), or its `rest`."""

    name: str
    kind: str = "whole"
    start: int | None = None
    stop: int | None = None

    def layers(self, count: int) -> range:
        """The numbers of the layers that a range selects of `count`."""
        return range(*slice(self.start, self.stop).indices(count))


def parse(text: str) -> Part | None:
    """Read one entry of `trains`; None where it is malformed or names nothing."""
    if text in PARTS:
        return Part(text)
    if text.removesuffix(".rest") in LAYERED:
        return Part(text.removesuffix(".rest"), "rest")
    match = RANGE.fullmatch(text)
    if match is None or match[1] not in LAYERED or not any(match.groups()[1:]):
        return None
    start, stop = (int(bound) if bound else None for bound in (match[2], match[4]))
    if not match[3]:  # [k] is [k:k+1], and [-1] is [-1:]
        stop = start + 1 if start is not None and start != -1 else None
    return Part(match[1], "layers", start, stop)
