"""What the measurements share: sizes, a scratch folder, the default config, and one world that is built once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gemma_audio.cli.bench.clock import Time, once
from gemma_audio.cli.bench.figure import Figure
from gemma_audio.config.compose import load_config
from gemma_audio.config.schema import Config

TINY_WORLD = ("data.clips=64", "data.dev_questions=1", "data.test_questions=1", "data.shift_questions=1")
TINY_BATCH = tuple(
    f"recipe.stages.{stage}.{size}=2" for stage in ("encoder", "adapter") for size in ("batch_size", "micro_batch_size")
)


@dataclass
class Setting:
    """`quick` shrinks every size so far that only the way is tried, not the speed."""

    quick: bool
    scratch: Path

    def size(self, full: int, quick: int = 1) -> int:
        """A number of repeats, batches or clips."""
        return quick if self.quick else full

    @cached_property
    def config(self) -> Config:
        """Recipe v2, which holds both stages, without dropout: two ways to the same loss draw masks of their own."""
        plain = ("recipe=v2", "recipe.stages.adapter.adapter.dropout=0.0")
        return load_config(*plain, *(TINY_WORLD + TINY_BATCH if self.quick else ()))

    @cached_property
    def world(self) -> Path:
        """The folder of the config's world."""
        return self._built[0]

    @property
    def building(self) -> Time:
        """What building the world took, with all cores."""
        return self._built[1]

    @cached_property
    def _built(self) -> tuple[Path, Time]:
        from gemma_audio import world
        from gemma_audio.sweep.engine import cores

        folder = self.scratch / "world"
        return folder, once(lambda: world.build(self.config.data, folder, cores()))


Measure = Callable[[Setting], list[Figure]]
