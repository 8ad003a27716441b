"""A folder of the user's own config fragments (--config-dir), laid out like conf/: recipe/, stage/, prompts/ and so on."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra._internal.utils import get_args_parser

from gemma_audio.config.compose import CONF
from gemma_audio.errors import Problem

SEARCHPATH = "hydra.searchpath="
PLACE = "--config-dir"


def user_folder(argv: Sequence[str]) -> Path | None:
    """The folder that a command line names, absolute; None where it names none."""
    named = get_args_parser().parse_args(list(argv[1:])).config_dir
    return Path(named).expanduser().absolute() if named else None


def searchpath(folder: Path | None) -> list[str]:
    """The override that makes Hydra's compose API look into the folder as well, as --config-dir does for a command."""
    quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    return [f"{SEARCHPATH}['file://{quoted}']"] if folder else []


def folder_problems(folder: Path) -> Iterator[Problem]:
    """A folder that is not there or holds no fragment, and files in it that would never be read."""
    if not folder.is_dir():
        yield Problem(PLACE, f"there is no folder '{folder}'", f"{PLACE} FOLDER that holds recipe/, stage/, prompts/ or the like")
        return
    files = [path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file()]
    if not files:
        yield Problem(PLACE, f"'{folder}' holds no YAML file", "Put a fragment into it, such as recipe/mine.yaml.")
    for path in sorted(files):
        name = path.relative_to(folder)
        if path.suffix == ".yml":
            yield Problem(PLACE, f"{name} would not be read: fragments end in .yaml", f"Rename it {name.with_suffix('.yaml')}.")
        elif (CONF / name).is_file():
            message = f"{name} would not be read: the package has a fragment of that name, which comes first"
            yield Problem(PLACE, message, "Give yours another name.")


def with_completed_folder(argv: Sequence[str]) -> list[str]:
    """`argv` for a completion query, with the folder of the line that is being completed: Hydra does not look for it there."""
    typed = os.environ.get("COMP_LINE", "")
    if not {"-sc", "--shell-completion"} & set(argv) or PLACE not in typed:
        return list(argv)
    try:
        words = shlex.split(typed)
    except ValueError:  # an open quote
        words = typed.split()
    for word, following in zip(words, [*words[1:], ""], strict=True):
        folder = word.partition("=")[2] or following
        if word.partition("=")[0] == PLACE and Path(folder).expanduser().is_dir():
            return [argv[0], PLACE, str(Path(folder).expanduser()), *argv[1:]]
    return list(argv)
