"""What is wrong with the cells of a sweep as a whole: values that change nothing, arms that are one, names that collide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from gemma_audio.config.checks import arm_of
from gemma_audio.config.schema import Config
from gemma_audio.errors import Problem
from gemma_audio.sweep.computed import Computed, computed
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.rooms import Rooms

SHOWN = 3  # cells or names in a message
SEED = "seed"
PLAIN = re.compile(r"[A-Za-z0-9._+-]+")


def problems(cells: Sequence[Cell], rooms: Rooms) -> list[Problem]:
    """Problems of two or more cells; where what they compute cannot be told (a broken config), names alone are compared."""
    known = computed(cells, rooms)
    if known is None:
        return list(_names(cells))
    useless = [*_twice(known), *_same_arms(known), *_useless(known)]
    distinct = [k.cell for i, k in enumerate(known) if k.digest not in [other.digest for other in known[:i]]]
    names = list(_names(distinct if useless else cells))
    return useless + (names or list(_mixed_arms(known)))


def _twice(known: Sequence[Computed]) -> Iterator[Problem]:
    """Cells with the very same overrides: a value that stands twice in a list."""
    words = [k.cell.overrides for k in known]
    if again := [k for k in known if words.count(k.cell.overrides) > 1]:
        cells = [k for k in again if k.cell.overrides == again[0].cell.overrides]
        message = f"a value is listed twice: {_named(cells)} are the same cell"
        yield Problem("command line", message, "Name each value once.")


def _same_arms(known: Sequence[Computed]) -> Iterator[Problem]:
    contents = {arm: {k.seedless for k in known if k.cell.arm == arm} for arm in _arms(known)}
    axis = _axis(known[0].cell.config)
    what = "the same recipe" if axis == "recipe" else "one and the same"
    for one, other in combinations(contents, 2):
        if contents[one] == contents[other]:
            message = f"arms {one} and {other} are {what}: they differ in nothing that is computed"
            yield Problem(axis, message, "Leave one of them out, or change in one what it is there for.")


def _useless(known: Sequence[Computed]) -> Iterator[Problem]:
    """Keys given several values of which some make no difference to any cell."""
    for number, words in enumerate(_columns(known)):
        key = _key(words[0])
        if key == SEED:  # the base under several seeds is one run by design
            continue
        digests = {word: [k.digest for k in known if k.cell.overrides[number] == word] for word in words}
        for word in words:
            same = [other for other in words if digests[other] == digests[word]]
            cells = [k for k in known if k.cell.overrides[number] in same]
            if same[0] == word and len(same) > 1 and not _told_as_arms(known, number, same):
                values = [_value(other) for other in same]
                message = f"{_listed(values)} change nothing that is computed (cells {_named(cells)})"
                yield Problem(key, message, f"{key}={values[0]}")


def _told_as_arms(known: Sequence[Computed], number: int, words: Sequence[str]) -> bool:
    """Whether overrides stand for different arms, which are compared as such."""
    arms = [_arms([k for k in known if k.cell.overrides[number] == word]) for word in words]
    return any(some != arms[0] for some in arms)


def _names(cells: Sequence[Cell]) -> Iterator[Problem]:
    names = [cell.name for cell in cells]
    if shared := list(dict.fromkeys(name for name in names if names.count(name) > 1)):
        bearers = [cell for cell in cells if cell.name == shared[0]]
        many = [f"{name} ({names.count(name)} cells)" for name in shared]
        yield Problem("name", f"cells of one sweep need names of their own, but share {_some(many)}", _telling(bearers, cells))


def _mixed_arms(known: Sequence[Computed]) -> Iterator[Problem]:
    """Arms that would average runs of different things: the report takes the runs of an arm for repetitions."""
    for arm in _arms(known):
        cells = [k for k in known if k.cell.arm == arm]
        if (different := len({k.seedless for k in cells})) > 1:
            message = f"arm '{arm}' stands for {different} different things: {_named(cells)}"
            remedy = _telling([k.cell for k in cells], [k.cell for k in known])
            yield Problem(_axis(cells[0].cell.config), message, remedy)


def _telling(bearers: Sequence[Cell], cells: Sequence[Cell]) -> str:
    """How to tell cells apart: by a recipe name that holds what varies, where one recipe is swept alone."""
    varied = [column for column in zip(*(cell.overrides for cell in bearers), strict=False) if len(set(column)) > 1]
    keys = [_key(words[0]) for words in varied if _key(words[0]) != SEED]
    recipes = {cell.config.recipe.name for cell in cells}
    if not keys or len(recipes) > 1 or not all(PLAIN.fullmatch(_value(word)) for words in varied for word in words):
        return "Run one value at a time, each with a recipe.name of its own."
    suffix = "".join(f"-{_place(key).rpartition('.')[2]}${{{_named_by(bearers[0].config, key)}}}" for key in keys)
    return f"Let what you vary show in the recipe's name: 'recipe.name={recipes.pop()}{suffix}'"


def _named_by(config: Config, key: str) -> str:
    """The interpolation for a key's value: a group's option goes by its name."""
    node: object = config
    for part in _place(key).split("."):
        node = node.get(part) if isinstance(node, dict) else getattr(node, part, None)
    return f"{_place(key)}.name" if hasattr(node, "name") and not isinstance(node, str) else _place(key)


def _columns(known: Sequence[Computed]) -> list[list[str]]:
    """The different overrides at each place of the command line."""
    return [list(dict.fromkeys(column)) for column in zip(*(k.cell.overrides for k in known), strict=True)]


def _axis(config: Config) -> str:
    return config.sweep.axis if config.sweep is not None else "recipe"


def _arms(known: Sequence[Computed]) -> list[str]:
    return list(dict.fromkeys(arm_of(k.cell.config) for k in known))


def _named(known: Sequence[Computed]) -> str:
    return _some([k.label for k in known])


def _some(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")


def _listed(values: Sequence[str]) -> str:
    return f"{', '.join(values[:-1])} and {values[-1]}"


def _key(word: str) -> str:
    return word.lstrip("+~").partition("=")[0]


def _value(word: str) -> str:
    return word.partition("=")[2]


def _place(key: str) -> str:
    """Where a key's value stands in the config: a group's option may be put elsewhere by @."""
    return key.rpartition("@")[2].replace("/", ".")
