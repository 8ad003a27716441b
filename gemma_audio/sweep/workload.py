"""What the plans of all cells amount to, in seconds where past runs tell, else in training steps."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from gemma_audio.sweep.plan import Step

EVALUATION = 30  # without past runs to tell, an evaluation is taken to last as long as this many training steps

Plans = Mapping[int, Sequence[Step]]


def fresh(plans: Plans) -> dict[tuple[int, int], Step]:
    """The steps of work to be done, each once, by the index of the first cell that needs it and its place in that cell's plan."""
    found: dict[tuple[int, int], Step] = {}
    seen: set[str] = set()
    for index, steps in plans.items():
        for at, step in enumerate(steps):
            if not step.reused and step.name not in seen:
                found[index, at] = step
                seen.add(step.name)
    return found


def weights(plans: Plans) -> tuple[dict[int, list[float]], bool]:
    """What each step of each cell's plan weighs, and whether in seconds; 0 for data, what is reused or made for another cell."""
    work = {key: step for key, step in fresh(plans).items() if step.kind != "data"}
    timed = all(step.estimate for step in work.values())
    weighed = {key: _seconds(step) if timed else float(step.steps or EVALUATION) for key, step in work.items()}
    return {index: [weighed.get((index, at), 0.0) for at in range(len(steps))] for index, steps in plans.items()}, timed


def seconds(plans: Plans, side: int) -> float:
    """Wall clock of all cells in their order, data first, `side` cells side by side; what has no estimate takes no time."""
    found = fresh(plans)
    ends = [sum(_seconds(step) for step in found.values() if step.kind == "data")] * side
    for index, steps in plans.items():
        own = [found[index, at] for at in range(len(steps)) if (index, at) in found]
        heapq.heapreplace(ends, ends[0] + sum(_seconds(step) for step in own if step.kind != "data"))
    return max(ends)


def _seconds(step: Step) -> float:
    return step.estimate.seconds if step.estimate else 0.0
