"""The Hydra entry: it composes the config of every cell and does nothing else."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode, TaskFunction
from omegaconf import DictConfig

from gemma_audio.cli.explain import explain
from gemma_audio.cli.recover import REFUSALS, recover
from gemma_audio.cli.user_folder import folder_problems, searchpath, user_folder, with_completed_folder
from gemma_audio.config.compose import CONF
from gemma_audio.config.schema import register
from gemma_audio.errors import ConfigError, Problem

FULL_ERROR = "HYDRA_FULL_ERROR"
OWN_FOLDERS = re.compile(r"[+~]*hydra\.((run|sweep)\.(dir|subdir))=")
OWN_ENGINE = re.compile(r"[+~]*hydra/(launcher|sweeper)=(?!basic$)(.*)")


@dataclass(frozen=True)
class Job:
    """One composed config, and the overrides that made it."""

    node: DictConfig
    overrides: tuple[str, ...]


@dataclass
class Collected:
    """What a command line asks for: its jobs, whether there was -m, and what Hydra refused (the jobs are then without it)."""

    jobs: list[Job] = field(default_factory=list)
    multirun: bool = False
    problems: list[Problem] = field(default_factory=list)


def collect(argv: Sequence[str]) -> Collected:
    """Let Hydra read the command line; no job where it only had to print something (--help, --cfg, completion).

    Raises ConfigError where Hydra can compose no config at all, and SystemExit where Hydra ends the program.
    """
    _refuse_folders_and_launchers(argv)
    argv = with_completed_folder(_options_first(argv))
    if (folder := user_folder(argv)) and (wrong := list(folder_problems(folder))):
        raise ConfigError(wrong)
    register()
    collected = Collected()

    def take(node: DictConfig) -> None:
        settings = HydraConfig.get()
        collected.multirun = settings.mode is RunMode.MULTIRUN
        collected.jobs.append(Job(node, tuple(settings.overrides.task)))

    refused: Exception | None = None
    try:
        # Hydra makes folders and writes multirun.yaml (with every override as typed) before anything is checked.
        with tempfile.TemporaryDirectory(prefix="gemma-audio-") as scratch, _errors_raised():
            _enter(take, [*argv, f"hydra.run.dir={scratch}", f"hydra.sweep.dir={scratch}"])
    except REFUSALS as error:
        if os.environ.get(FULL_ERROR):
            raise
        refused = error
    # Not inside the handler: errors met there would name this one as their context.
    return collected if refused is None else _recovered(argv, refused)


def _options_first(argv: Sequence[str]) -> list[str]:
    """The command line with its options before its overrides: Hydra's parser refuses overrides on both sides of an option."""
    known, rest = get_args_parser().parse_known_args(list(argv[1:]))
    overrides = {*known.overrides, *(word for word in rest if not word.startswith("-"))}
    return [*argv[:1], *(w for w in argv[1:] if w not in overrides), *(w for w in argv[1:] if w in overrides)]


def _recovered(argv: Sequence[str], error: Exception) -> Collected:
    try:
        problems, cells = recover(argv)
    except REFUSALS:  # such as a kind of sweep that Hydra does not split: then its own error is all there is to say
        problems, cells = [], []
    jobs = [Job(cell.node, cell.words) for cell in cells if cell.node is not None]
    if not problems or not jobs:
        raise ConfigError(problems or [explain(error, [*argv[1:], *searchpath(user_folder(argv))])])
    return Collected(jobs, multirun=len(cells) > 1, problems=problems)


def _enter(take: TaskFunction, argv: list[str]) -> None:
    before, sys.argv = sys.argv, argv
    try:
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(take)()
    finally:
        sys.argv = before


@contextmanager
def _errors_raised() -> Iterator[None]:
    """With this variable set Hydra raises its errors, instead of printing them and ending the program."""
    before = os.environ.get(FULL_ERROR)
    os.environ[FULL_ERROR] = "1"
    try:
        yield
    finally:
        del os.environ[FULL_ERROR]
        if before is not None:
            os.environ[FULL_ERROR] = before


def _refuse_folders_and_launchers(argv: Sequence[str]) -> None:
    for word in argv:
        if match := OWN_ENGINE.fullmatch(word):
            message = f"'{match[2]}' was given, but gemma-audio runs its cells itself, each in a process of its own"
            remedy = f"Leave hydra/{match[1]} out; engine.parallel=N sets how many cells run side by side."
            raise ConfigError([Problem(f"hydra/{match[1]}", message, remedy)])
        if match := OWN_FOLDERS.match(word):
            message = "folders follow from out: <out>/runs, <out>/sweeps and <out>/store"
            raise ConfigError([Problem(f"hydra.{match[1]}", message, "out=FOLDER")])
