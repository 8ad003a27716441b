"""Every override that Hydra refuses, not only the first: what is wrong is noted and dropped until the rest composes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from gemma_audio.cli.explain import composed, explain, key_of
from gemma_audio.cli.user_folder import SEARCHPATH, searchpath, user_folder
from gemma_audio.config.compose import CONF
from gemma_audio.errors import Problem

# Hydra raises ValueError for a group that is set to a number.
REFUSALS = (HydraException, OmegaConfBaseException, YAMLError, ValueError)
GROUP = re.compile(r"~?([\w/]+)(@[\w.]+)?(=.*)?", re.S)
QUOTED = re.compile(r"'([^']+)'")
SHOWN = 3


@dataclass
class Composed:
    """One cell: the overrides that made it, its config (None if no override could be blamed), and what was wrong with them."""

    words: tuple[str, ...]
    node: DictConfig | None = None
    problems: list[Problem] = field(default_factory=list)


def recover(argv: Sequence[str]) -> tuple[list[Problem], list[Composed]]:
    """The problems of the command line `argv`, and its cells, composed without the overrides that were refused.

    Nothing is found where the command brings a primary config of its own (--config-name, --config-path).
    """
    args = get_args_parser().parse_args(list(argv[1:]))
    if args.config_name or args.config_path:
        return [], []
    words = [*args.overrides, *searchpath(user_folder(argv))]
    problems = [*_unreadable(words), *_not_swept(words, args.multirun)]
    found, cells = _cells(words) if args.multirun else ([], [tuple(words)])
    made = [_compose(cell) for cell in cells]
    return problems + found + _of_cells(made), made


def _unreadable(words: list[str]) -> Iterator[Problem]:
    """Overrides that are none; they are taken out of `words`."""
    for word in list(words):
        try:
            OverridesParser.create().parse_overrides([word])
        except OverrideParseException as error:
            words.remove(word)
            remedy = "Write KEY=VALUE, and in the shell put quotes around it: 'KEY=[a,b]'."
            yield Problem(key_of(word), f"'{word}' cannot be read: {str(error).splitlines()[0]}", remedy)


def _not_swept(words: list[str], multirun: bool) -> Iterator[Problem]:
    """Overrides with several values where there is no -m; they are taken out of `words`."""
    for word in list(words):
        if not multirun and OverridesParser.create().parse_override(word).is_sweep_override():
            words.remove(word)
            remedy = f"Add -m (--multirun) for a cell of each; a list of values is '{key_of(word)}=[a,b]'."
            yield Problem(key_of(word), f"'{word}' gives several values", remedy)


def _cells(words: list[str]) -> tuple[list[Problem], list[tuple[str, ...]]]:
    """The overrides of each cell, as Hydra's own sweeper splits them; the sweep file's own come first."""
    parser = OverridesParser.create()
    single = [w for w in words if (CONF / group_of(w)).is_dir() and not parser.parse_override(w).is_sweep_override()]
    chosen = [w for w in single if group_of(w) in ("sweep", "experiment")]
    master = _compose((*chosen, *(w for w in words if w.startswith(SEARCHPATH))), hydra=True)
    refused = [w for w in single if group_of(w) in [problem.place for problem in master.problems]]
    rest = [w for w in words if w not in refused]
    params = OmegaConf.select(master.node, "hydra.sweeper.params") if master.node is not None else None
    overrides = parser.parse_overrides([f"{key}={value}" for key, value in (params or {}).items()] + rest)
    batches = BasicSweeper.split_arguments(overrides, None)[0]
    return master.problems, [tuple(cell) for cell in batches]


def _compose(cell: tuple[str, ...], hydra: bool = False) -> Composed:
    """Compose, dropping every override that is refused and whatever lies below it."""
    made, words = Composed(cell), list(cell)
    while True:
        try:
            made.node = composed(words, hydra)
            return made
        except REFUSALS as error:
            wrong = blamed(error, words)
            made.problems.append(explain(error, words))
            if wrong is None:
                return made
            words = [word for word in words if word != wrong and not _below(word, wrong)]


def blamed(error: BaseException, words: Sequence[str]) -> str | None:
    """The override that Hydra refused, or None where its error does not tell."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        return next((w for w in words if group_of(w) == group and option in w.partition("=")[2]), None)
    text = str(error)
    if text.startswith("Error merging override "):
        line = text.removeprefix("Error merging override ").strip()
        return next((w for w in words if w == line), None)
    if isinstance(error, ValueError) and "group override must be" in text:
        return next((w for w in words if (CONF / group_of(w)).is_dir() and not _is_text(w)), None)
    named = QUOTED.findall(text)
    return next((w for w in words if key_of(w) in named), None)


def group_of(word: str) -> str:
    """The config group that an override chooses from, or a name that is none."""
    match = GROUP.fullmatch(word.lstrip("+"))
    return match[1] if match else "-"


def _is_text(word: str) -> bool:
    return isinstance(OverridesParser.create().parse_override(word).value(), (str, list))


def _below(word: str, wrong: str) -> bool:
    """Whether `word` sets a value inside what `wrong` chose: without that choice the key may not be there."""
    return (CONF / group_of(wrong)).is_dir() and _package(word).startswith(f"{_package(wrong)}.")


def _package(word: str) -> str:
    return key_of(word).rpartition("@")[2].replace("/", ".")


def _of_cells(cells: Sequence[Composed]) -> list[Problem]:
    """The problems of all cells, each once; one that only some cells have says which."""
    found = list(dict.fromkeys(problem for cell in cells for problem in cell.problems))
    return [_placed(problem, cells) for problem in found]


def _placed(problem: Problem, cells: Sequence[Composed]) -> Problem:
    bad = [cell for cell in cells if problem in cell.problems]
    if len(bad) == len(cells):
        return problem
    varied = [words for words in zip(*(cell.words for cell in cells), strict=True) if len(set(words)) > 1]
    shared = {word for words in varied for word in words}
    names = [" ".join(word for word in cell.words if word in shared) for cell in bad]
    listed = "; ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    message = f"{problem.message}\n    in {len(bad)} of {len(cells)} cells: {listed}"
    good = [cell for cell in cells if cell not in bad]
    return Problem(
        problem.place, message, _without(bad, good, [c for c in varied if key_of(c[0]) != problem.place]) or problem.remedy
    )


def _without(bad: Sequence[Composed], good: Sequence[Composed], varied: Sequence[tuple[str, ...]]) -> str:
    """The override that leaves out the bad cells, where one key alone tells them from the good ones."""
    for column in varied:
        fails = {word for cell in bad for word in cell.words if word in column}
        works = list(dict.fromkeys(word for cell in good for word in cell.words if word in column))
        if works and not fails & set(works):
            values = ",".join(word.partition("=")[2] for word in works)
            return f"Leave those cells out: {key_of(works[0])}={values}"
    return ""
