"""A user's own pieces: modules that `plugins` names, each with plain dicts OBJECTIVES, CORPORA or BENCHMARKS; no magic."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from gemma_audio.config.kinds import BenchmarkKind, DataKind, Objective
from gemma_audio.errors import Problem

TABLES = {"objective": "OBJECTIVES", "corpus": "CORPORA", "benchmark": "BENCHMARKS"}
BUILT_IN: dict[str, tuple[str, ...]] = {
    "objective": tuple(map(str, Objective)),
    "corpus": tuple(map(str, DataKind)),
    "benchmark": tuple(map(str, BenchmarkKind)),
}
CALLED_WITH = {
    "objective": ("net", "stage", "corpus", "encoder", "steps"),
    "corpus": ("data",),
    "benchmark": ("evaluation",),
}
MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Piece:
    """One entry of a plugin's dict: a stage module, a corpus or a benchmark, and the plugin it comes from."""

    kind: str
    name: str
    value: Any
    plugin: str


@dataclass(frozen=True)
class Plugins:
    """All pieces of the plugins of one config, and what is wrong with them."""

    pieces: tuple[Piece, ...]
    problems: tuple[Problem, ...]

    def find(self, kind: str, name: str) -> Piece | None:
        """The piece of that kind and name; None where it is built in or nobody's."""
        return next((piece for piece in self.pieces if (piece.kind, piece.name) == (kind, name)), None)

    def own(self, kind: str) -> dict[str, Any]:
        """Every piece of a kind by its name."""
        return {piece.name: piece.value for piece in self.pieces if piece.kind == kind}

    def names(self, kind: str) -> tuple[str, ...]:
        """The names that a config may use: the built-in ones and the plugins' own."""
        return (*BUILT_IN[kind], *self.own(kind))


def load(names: Sequence[str]) -> Plugins:
    """Import the modules `names`, from the environment or the current folder, once per process; nothing is raised."""
    return _load(tuple(dict.fromkeys(names)))


@cache
def _load(names: tuple[str, ...]) -> Plugins:
    pieces: list[Piece] = []
    problems: list[Problem] = []
    for name in names:
        module = _import(name)
        if isinstance(module, Problem):
            problems.append(module)
            continue
        found = list(_entries(name, module))
        problems += [entry for entry in found if isinstance(entry, Problem)]
        for piece in (entry for entry in found if isinstance(entry, Piece)):
            problems += _taken(piece, pieces)
            pieces.append(piece)
    return Plugins(tuple(pieces), tuple(problems))


def _import(name: str) -> ModuleType | Problem:
    if not MODULE.fullmatch(name):
        stem = name.removesuffix(".py").strip("./").replace("/", ".")
        return Problem("plugins", f"'{name}' is no module's name", f"Write it as in an import: plugins=[{stem}]")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last, so that a folder of the user's shadows nothing that is installed
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        return _not_imported(name, error)


def _not_imported(name: str, error: BaseException) -> Problem:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        message = f"there is no module '{error.name}', neither in the current folder nor in this environment"
        return Problem(
            "plugins", message, f"Type the command in the folder that holds {error.name.split('.')[0]}, or install it."
        )
    frames = (
        [frame for frame in inspect.getinnerframes(error.__traceback__) if error.__traceback__] if error.__traceback__ else []
    )
    at = next((f" ({Path(f.filename).name}, line {f.lineno})" for f in reversed(frames) if "importlib" not in f.filename), "")
    message = f"'{name}' cannot be imported: {type(error).__name__}: {error}{'' if isinstance(error, SyntaxError) else at}"
    return Problem("plugins", message, f"See it whole: python -c 'import {name}'")


def _entries(name: str, module: ModuleType) -> Iterator[Piece | Problem]:
    """The pieces of a module, and what is wrong with its dicts."""
    tables = {kind: getattr(module, table) for kind, table in TABLES.items() if hasattr(module, table)}
    if not tables:
        near = [key for table in TABLES.values() for key in get_close_matches(table, vars(module), n=1, cutoff=0.8)]
        message = f"'{name}' ({getattr(module, '__file__', None) or 'a folder'}) defines none of {', '.join(TABLES.values())}"
        remedy = f"Is '{near[0]}' meant?" if near else 'Define at least one, such as OBJECTIVES = {"contrastive": MyModule}.'
        yield Problem("plugins", message, remedy)
    for kind, table in tables.items():
        place = f"plugins.{name}.{TABLES[kind]}"
        if not isinstance(table, Mapping):
            yield Problem(place, f"is {type(table).__name__}, not a dict", f'{TABLES[kind]} = {{"my_name": ...}}')
            continue
        for key, value in table.items():
            yield _problem(f"{place}[{key!r}]", kind, key, value) or Piece(kind, key, value, name)


def _problem(place: str, kind: str, key: Any, value: Any) -> Problem | None:
    words = ", ".join(CALLED_WITH[kind])
    if not isinstance(key, str) or not NAME.fullmatch(key):
        return Problem(place, "is no usable name", "Use a text of letters, digits, '.', '_' and '-'.")
    if key in BUILT_IN[kind]:
        return Problem(place, f"the name exists already; built in are {', '.join(BUILT_IN[kind])}", "Choose another name.")
    if kind == "objective" and not inspect.isclass(value):
        return Problem(place, f"is {type(value).__name__}, not a class", "Give a subclass of StageModule or AnswerModule.")
    if not callable(value):
        return Problem(place, f"is {type(value).__name__}, not a function", f"Give a function that takes ({words}).")
    try:
        inspect.signature(value).bind(*CALLED_WITH[kind])
    except TypeError as error:
        return Problem(place, f"cannot be called with ({words}): {error}", f"It is called with exactly these: ({words}).")
    except ValueError:  # a callable written in C has no signature to check
        pass
    return None


def _taken(piece: Piece, others: Sequence[Piece]) -> list[Problem]:
    first = [other for other in others if (other.kind, other.name) == (piece.kind, piece.name)]
    place = f"plugins.{piece.plugin}.{TABLES[piece.kind]}[{piece.name!r}]"
    return [Problem(place, f"the name exists already, in plugin '{first[0].plugin}'", "Choose another name.")] if first else []
