"""Rules for a sweep file: its axis, its arms, the rule that decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gemma_audio.config.checks.general import NAME
from gemma_audio.config.schema import Config, Sweep
from gemma_audio.errors import Problem

LEAST_RUNS = 6


def check_sweep(configs: Sequence[Config], *, multirun: bool) -> list[Problem]:
    """Problems of the cells as a whole: `sweep=` without -m, an axis that is none, arms that are missing.

    What the cells compute is compared where that is known: gemma_audio.sweep.checks.
    """
    sweep = configs[0].sweep if configs else None
    if sweep is not None and not multirun:
        remedy = f"Add -m: gemma-audio -m sweep={sweep.name} (without it one cell of the default recipe would run)."
        return [Problem("sweep", f"'{sweep.name}' was given without -m (--multirun)", remedy)]
    return list(_sweep(configs, sweep)) if sweep is not None else []


def arm_of(config: Config) -> str:
    """The arm of a cell: the name of what `sweep.axis` chose, or the value there."""
    node = _at_axis(config)
    return str(getattr(node, "name", node))


def _at_axis(config: Config) -> object:
    node: object = config
    for key in (config.sweep.axis if config.sweep is not None else "recipe").split("."):
        node = node.get(key) if isinstance(node, dict) else getattr(node, key, None)
    return node


def _sweep(configs: Sequence[Config], sweep: Sweep) -> Iterator[Problem]:
    if not NAME.fullmatch(sweep.name):
        yield Problem("sweep.name", f"'{sweep.name}' cannot name a folder", "Use letters, digits, '.', '_' and '-'.")
    if not 0 < sweep.alpha < 1:
        yield Problem("sweep.alpha", f"{sweep.alpha} is not between 0 and 1", "sweep.alpha=0.05")
    if lacking := [config.recipe.name for config in configs if _at_axis(config) is None]:
        message = f"'{sweep.axis}' names nothing in {'the config' if len(lacking) == len(configs) else 'some cells'}"
        yield Problem("sweep.axis", f"{message} (recipe {', '.join(dict.fromkeys(lacking))})", "sweep.axis=recipe")
    else:
        yield from _arms(configs, sweep)
    yield from _factors(sweep)


def _arms(configs: Sequence[Config], sweep: Sweep) -> Iterator[Problem]:
    arms = list(dict.fromkeys(arm_of(config) for config in configs))
    if arms == [sweep.baseline] == [sweep.treatment]:
        yield from _null(configs, sweep)
        return
    if len(arms) < 2:
        values = ",".join(sweep.arms) if sweep.axis == "recipe" else f"{arms[0]},ANOTHER"
        remedy = f"Name at least two, separated by commas: {sweep.axis}={values}"
        yield Problem(sweep.axis, f"a sweep compares arms, but '{arms[0]}' is the only one", remedy)
        return
    for role, other in (("baseline", sweep.treatment), ("treatment", sweep.baseline)):
        if (value := getattr(sweep, role)) not in arms:
            free = next(arm for arm in arms if arm != other)
            message = f"'{value}' is not an arm of this sweep; arms: {', '.join(arms)}"
            yield Problem(f"sweep.{role}", message, f"sweep.{role}={free}")
    if sweep.baseline == sweep.treatment:
        other = next(arm for arm in arms if arm != sweep.baseline)
        yield Problem("sweep.treatment", f"baseline and treatment are both '{sweep.baseline}'", f"sweep.treatment={other}")


def _null(configs: Sequence[Config], sweep: Sweep) -> Iterator[Problem]:
    """An A/A sweep, one arm against itself, needs runs enough to be split in two."""
    if len(configs) < LEAST_RUNS:
        message = f"'{sweep.baseline}' against itself needs {LEAST_RUNS} runs or more to be split in two, not {len(configs)}"
        yield Problem("sweep", message, f"seed={','.join(map(str, range(LEAST_RUNS)))}")


def _factors(sweep: Sweep) -> Iterator[Problem]:
    """A factorial whose arms are none of the sweep's, or that has not two levels a factor."""
    for factor, levels in sweep.factors.items():
        place = f"sweep.factors.{factor}"
        if len(levels) != 2:
            yield Problem(place, f"has {len(levels)} levels; a factor has two", "Name two levels, each with its arms.")
        for arm in dict.fromkeys(arm for arms in levels.values() for arm in arms if arm not in sweep.arms):
            yield Problem(
                place, f"'{arm}' is not an arm of this sweep; arms: {', '.join(sweep.arms)}", "Name arms of sweep.arms."
            )
