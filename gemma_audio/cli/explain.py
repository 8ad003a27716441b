"""Hydra's errors in this project's form: the place, the value, what is allowed, what to type next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import MissingConfigException
from omegaconf import DictConfig

from gemma_audio.config.compose import CONF
from gemma_audio.errors import Problem

CHOICE = re.compile(r"~?([\w/]+)(@[\w.]+)?(=[\w/-]+)?")
UNKNOWN_KEY = re.compile(r"Could not override '([^']+)'|Key '[^']*' (?:is )?not in .*?full_key: (\S+)", re.S)
FULL_KEY = re.compile(r"full_key: (\S+)")


def explain(error: BaseException, overrides: Sequence[str]) -> Problem:
    """What Hydra found wrong with the command line, with a guess at what was meant where there is one."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, option = error.missing_cfg_file.rpartition("/")
        allowed = f"unknown option '{option}'; allowed: {', '.join(sorted(error.options))}"
        return Problem(group or "config", allowed, _guess(option, error.options) or "See gemma-audio --help.")
    text = _chain(error)
    if match := UNKNOWN_KEY.search(text):
        return _unknown_key(match[1] or match[2], overrides)
    if match := FULL_KEY.search(text):
        return Problem(match[1], text[: match.start()].strip().split("\n")[-1].strip(), "See the schema: gemma-audio --cfg job")
    return Problem("command line", str(error).strip(), "See gemma-audio --help.")


def _chain(error: BaseException | None) -> str:
    """The messages of an error and of what caused it."""
    messages: list[str] = []
    while error is not None:
        messages.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(messages)


def _unknown_key(place: str, overrides: Sequence[str]) -> Problem:
    node: Any = _composed(overrides)
    known: list[str] = []
    for key in place.split("."):
        keys = [str(name) for name in node] if isinstance(node, DictConfig) else []
        if key not in keys:
            message = f"unknown key '{key}'; known{' in ' + '.'.join(known) if known else ''}: {', '.join(keys) or 'none'}"
            return Problem(place, message, _guess(key, keys) or "See gemma-audio --cfg job.")
        known.append(key)
        node = node[key]
    return Problem(place, "cannot be set here", "See gemma-audio --cfg job.")


def _composed(overrides: Sequence[str]) -> DictConfig:
    """The config with the chosen groups alone: they decide which keys there are."""
    choices = [word for word in overrides if (match := CHOICE.fullmatch(word)) and (CONF / match[1]).is_dir()]
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return compose(config_name="config", overrides=choices)


def _guess(value: str, options: Iterable[str]) -> str:
    near = get_close_matches(value, list(options), n=1)
    return f"Did you mean '{near[0]}'?" if near else ""
