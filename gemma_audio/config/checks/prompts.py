"""Rules for the prompts of a stage: templates, and a template for every source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gemma_audio.config.kinds import Objective
from gemma_audio.config.rules import template
from gemma_audio.config.schema import Prompts, Stage
from gemma_audio.errors import Problem

FIELDS = ("question", "choices")


def check_prompts(place: str, stage: Stage) -> Iterator[Problem]:
    """Prompts that are missing, empty or malformed, and sources that none of them serves."""
    if stage.prompts is None or not stage.prompts.by_source:
        if stage.objective in (Objective.caption, Objective.qa):
            message = f"the objective '{stage.objective}' needs prompts"
            name = "task_specific" if stage.objective == Objective.qa else "generic5"
            yield Problem(f"{place}.prompts", message, f"prompts@{place}.prompts={name}")
        return
    yield from _uncovered(f"{place}.prompts.by_source", stage.prompts, stage.mix.sources)
    asks = stage.objective == Objective.qa
    for source, templates in stage.prompts.by_source.items():
        where = f"{place}.prompts.by_source.{source}"
        if not templates or any(not text.strip() for text in templates):
            yield Problem(where, "no prompt, or an empty one", "List at least one prompt, or remove the source.")
        found = [p for text in templates for p in template(where, text, FIELDS, required=FIELDS[:1] if asks else ())]
        yield from _first_of_each(found)


def _first_of_each(found: Sequence[Problem]) -> Iterator[Problem]:
    """Of problems that have one remedy the first, and how many more there are."""
    for remedy in dict.fromkeys(problem.remedy for problem in found):
        first, *more = (problem for problem in found if problem.remedy == remedy)
        yield replace(first, message=f"{first.message} (and {len(more)} more like it)") if more else first


def _uncovered(place: str, prompts: Prompts, sources: Sequence[str]) -> Iterator[Problem]:
    """Sources that the mix lists; those of a mix of all sources are known where the data are."""
    if "*" in prompts.by_source:
        return
    remedy = 'Add its prompts, or an entry "*" that serves every source that is not listed.'
    for source in sources:
        if source not in prompts.by_source:
            yield Problem(place, f"no prompts for source '{source}'; listed: {', '.join(prompts.by_source)}", remedy)
