"""What the data cannot give a stage: sources without an example, batches larger than all there is, prompts for a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Config, Stage
from gemma_audio.data.supply import Supply
from gemma_audio.errors import Problem

KINDS: Mapping[str, str] = {
    Objective.caption: "caption",
    Objective.qa: "qa",
    Objective.attributes: "caption",  # one caption a clip: pretraining reads the clips through them
    Objective.alignment: "caption",
}
PROMPTS: Mapping[str, str] = {Objective.caption: "generic5", Objective.qa: "task_specific"}
"""A prompt set that serves every source, for the objectives that take prompts."""


def problems(config: Config, supply: Supply | None) -> list[Problem]:
    """Problems of all stages; none where the supply is not known, for then the run itself tells.

    Steps may need more examples than there are, which are then seen several times; a single batch may not.
    """
    if supply is None:
        return []
    stages = config.recipe.stages.items()
    return [problem for key, stage in stages for problem in _stage(f"recipe.stages.{key}", stage, supply)]


def _stage(place: str, stage: Stage, supply: Supply) -> Iterator[Problem]:
    kind = KINDS.get(stage.objective)
    if kind is None:  # a plugin's own
        return
    held = {source: count for source, count in supply.get(kind, {}).items() if count}
    absent = [source for source in dict.fromkeys(stage.mix.sources) if source not in held]
    if not held:
        yield Problem(f"{place}.objective", f"'{stage.objective}', but the data hold no {kind} example", "Choose data=embedded")
        return
    if absent:
        yield _absent(f"{place}.mix.sources", kind, absent, held)
        return
    yield from _batch(place, stage, sum(held[source] for source in set(stage.mix.sources) or held), kind)
    if stage.objective in PROMPTS and not stage.mix.sources:  # sources that are listed are the config's own to check
        yield from _prompts(place, stage, held, kind)


def _absent(place: str, kind: str, absent: Sequence[str], held: Mapping[str, int]) -> Problem:
    near = get_close_matches(absent[0], held, n=1)
    message = f"the data hold no {kind} example of {', '.join(absent)}; sources: {', '.join(sorted(held))}"
    return Problem(place, message, f"Did you mean '{near[0]}'?" if near else f"{place}=[{','.join(sorted(held))}]")


def _batch(place: str, stage: Stage, there: int, kind: str) -> Iterator[Problem]:
    if stage.batch_size > there:
        size = 1 << (there.bit_length() - 1)  # the largest power of two that fits
        micro = size if size % max(1, stage.micro_batch_size) else stage.micro_batch_size
        message = f"{stage.batch_size} is more than the {there} {kind} examples to read: one batch would hold some twice"
        yield Problem(f"{place}.batch_size", message, f"{place}.batch_size={size} {place}.micro_batch_size={micro}")


def _prompts(place: str, stage: Stage, held: Mapping[str, int], kind: str) -> Iterator[Problem]:
    by_source = stage.prompts.by_source if stage.prompts else {}
    lacking = [source for source in sorted(held) if source not in by_source]
    if by_source and "*" not in by_source and lacking:
        message = f"no prompts for {kind} examples of {', '.join(lacking)}; listed: {', '.join(by_source)}"
        remedy = f"Add them, or take prompts for every source: prompts@{place}.prompts={PROMPTS[stage.objective]}"
        yield Problem(f"{place}.prompts.by_source", message, remedy)
