"""The memory plan of `plan=true`: what each stage takes of the device, by part, without loading or allocating anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from gemma_audio.config.kinds import Accelerator
from gemma_audio.config.schema import Config, Stage

if TYPE_CHECKING:
    from gemma_audio.training.memory_plan import Case, Line

GB = 1e9
ASSUMED = (
    "Assumed of the longest row: {tokens} tokens, {sound} of them sound (30 s, the most the model hears), {answer} supervised."
)


def wanted(config: Config) -> bool:
    """Whether a plan is to say what memory it takes: for a GPU, or for a device whose memory was given."""
    return config.trainer.accelerator is Accelerator.gpu or config.trainer.memory_gb is not None


def stages(configs: Sequence[Config]) -> Iterator[tuple[Config, str, Stage]]:
    """Every stage that takes memory of its own: alike ones of several cells once, whatever their seeds."""
    seen: list[tuple[object, ...]] = []
    for config in filter(wanted, configs):
        for key, stage in config.recipe.stages.items():
            same = (config.model, config.trainer, replace(stage, seed=0, steps=1))
            if same not in seen:
                seen.append(same)
                yield config, key, stage


def tables(configs: Sequence[Config]) -> Iterator[Table | str]:
    """A table for each stage, what is assumed in it, and advice where it does not fit; torch is imported for it."""
    for config, key, stage in stages(configs):
        from gemma_audio.training.memory_plan import known, lines, longest

        if known(config.model):
            case = longest(config, stage)
            parts = lines(case)
            yield _table(stage.name, parts)
            yield ASSUMED.format(**vars(case.shape))
            yield from _verdict(case, parts, f"recipe.stages.{key}")
        else:
            yield f"Memory of {stage.name}: the architecture of {config.model.source} is not known on this machine."


def _table(stage: str, parts: Sequence[Line]) -> Table:
    from gemma_audio.training.memory_plan import total

    table = Table(box=None, pad_edge=False)
    table.add_column(Text(f"memory of {stage}", style="bold"), overflow="fold")
    table.add_column(Text("GB", style="bold"), justify="right", no_wrap=True)
    table.add_column(Text("where", style="bold"), no_wrap=True)
    for line in (line for line in parts if line.trains):
        table.add_row(Text(line.part), _gb(line.bytes), line.place)
    table.add_row(Text("in all while training", style="bold"), _gb(total(parts)), "device")
    for line in (line for line in parts if not line.trains):
        table.add_row(Text(line.part), _gb(line.bytes), line.place)
    return table


def _verdict(case: Case, parts: Sequence[Line], place: str) -> Iterator[str]:
    """Whether the stage fits; where it does not, what to type, the largest effect first."""
    from gemma_audio.training.memory_advice import advice, device_bytes
    from gemma_audio.training.memory_plan import total

    needed, device = total(parts), device_bytes(case.trainer)
    if device is None:
        yield "Memory of the device: not known here; trainer.memory_gb=24 compares with 24 GB."
        return
    share = f"{_gb(needed)} of {_gb(device)} GB"
    if needed <= device:
        yield f"Fits: {share}."
        return
    yield f"Does not fit: {share}. What lowers it, the largest effect first:"
    for one in advice(case, needed, place):
        yield f"  {one.override}  saves {_gb(one.bytes)} GB"


def _gb(size: int) -> str:
    return f"{size / GB:.2f}"
