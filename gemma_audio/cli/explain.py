"""Hydra's errors in this project's form: the place, the value, what is allowed, what to type next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from gemma_audio.cli.user_folder import SEARCHPATH
from gemma_audio.config import schema
from gemma_audio.config.compose import CONF
from gemma_audio.errors import Problem

CHOICE = re.compile(r"~?([\w/]+)(@[\w.]+)?(=[\w/-]+)?")
UNKNOWN_KEY = re.compile(
    r"Could not (?:override|delete from config\.) '([^']+)'|Key '[^']*' (?:is )?not in .*?full_key: (\S+)", re.S
)
UNKNOWN_PLACE = re.compile(r"Could not (?:override|delete) '(\w+)@([\w.]+)\.([\w-]+)'")
IN_FILE = re.compile(r"In '([^']+)': \w+ raised while composing config:\n")
NO_SUCH_KEY = re.compile(r"Key '([^']+)' not in '(\w+)'")
FULL_KEY = re.compile(r"full_key: (\S+)")
NOT_A_TEXT = re.compile(r"Config group override must be a string or a list")
ONE_OF = re.compile(r"Invalid value '([^']*)', expected one of \[([^\]]*)\]")
EXPECTED = {
    "Integer": ("a whole number", "3"),
    "Float": ("a number", "0.001"),
    "valid bool": ("true or false", "true"),
}


def explain(error: BaseException, overrides: Sequence[str]) -> Problem:
    """What Hydra found wrong with the command line, with a guess at what was meant where there is one."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, option = error.missing_cfg_file.rpartition("/")
        return _unknown_option(group or "config", option, error.options)
    text = _chain(error)
    if isinstance(error, YAMLError):
        return Problem("config", f"a fragment is no YAML: {' '.join(text.split())}", "Correct the file at that line.")
    if match := IN_FILE.search(text):
        return _in_file(match[1], text[match.end() :], text)
    if match := UNKNOWN_PLACE.search(text):
        return _unknown_place(match[1], match[2], match[3], overrides)
    if match := UNKNOWN_KEY.search(text):
        return _unknown_key(match[1] or match[2], overrides)
    if match := FULL_KEY.search(text):
        said = text[: match.start()].strip().split("\n")[-1].strip()
        return _bad_value(match[1], said, overrides)
    if NOT_A_TEXT.search(text):
        for word in overrides:
            if (match := CHOICE.fullmatch(word)) and (CONF / match[1]).is_dir() and (match[3] or "=").lstrip("=").isdigit():
                return _unknown_option(match[1], match[3][1:], [path.stem for path in (CONF / match[1]).glob("*.yaml")])
    return Problem("command line", str(error).strip(), "See gemma-audio --help.")


def _in_file(name: str, said: str, text: str) -> Problem:
    """A value in a fragment that does not fit its type, or a key that its type does not have."""
    said = said.split("\n")[0]
    at = f" ({match[1]})" if (match := FULL_KEY.search(text)) else ""
    match = NO_SUCH_KEY.search(text)
    if not match or not is_dataclass(node := getattr(schema, match[2], None)):
        return Problem(f"{name}.yaml", f"{said}{at}", "Correct the file.")
    known = [field.name for field in fields(node)]
    message = f"unknown key '{match[1]}'{at}; known: {', '.join(known)}"
    return Problem(f"{name}.yaml", message, _guess(match[1], known) or "Correct the file.")


def key_of(word: str) -> str:
    """The key that an override sets, adds or deletes."""
    return word.lstrip("+~").partition("=")[0]


def _unknown_option(group: str, option: str, options: Sequence[str]) -> Problem:
    listed = sorted(options)
    message = f"unknown option '{option}'; allowed: {', '.join(listed)}"
    return Problem(group, message, _guess(option, listed) or f"{group}={listed[0]}")


def _unknown_place(group: str, parent: str, name: str, overrides: Sequence[str]) -> Problem:
    """A group's option (such as a stage) that is to be taken out or swapped where there is none."""
    node = OmegaConf.select(_composed([word for word in overrides if f"{parent}.{name}" not in word]), parent)
    keys = [str(key) for key in node] if isinstance(node, DictConfig) else []
    guess = _guess(name, keys)
    remedy = f"{guess} " if guess else ""
    remedy += f"To add one, write a plus: +{group}@{parent}.{name}=OPTION"
    return Problem(f"{parent}.{name}", f"unknown {group} '{name}'; known in {parent}: {', '.join(keys) or 'none'}", remedy)


def _bad_value(place: str, said: str, overrides: Sequence[str]) -> Problem:
    """A value of the wrong type, or none of the few that are allowed."""
    value = next((word.partition("=")[2] for word in reversed(overrides) if key_of(word) == place), "VALUE")
    if match := ONE_OF.search(said):
        allowed = match[2].split(", ")
        return Problem(
            place, f"unknown value '{match[1]}'; allowed: {match[2]}", _guess(match[1], allowed) or f"{place}={allowed[0]}"
        )
    if "is not a ListConfig" in said:
        return Problem(place, f"'{value}' is not a list", f"Write it in brackets: {place}=[{value}]")
    for kind, (what, example) in EXPECTED.items():
        if kind in said:
            return Problem(place, said, f"Expected {what}, such as {place}={example}")
    node = OmegaConf.select(_composed(overrides), place)
    if isinstance(node, DictConfig):
        keys = ", ".join(map(str, node))
        return Problem(place, f"'{value}' cannot stand for a group of values: {keys}", f"Set one of them: {place}.KEY=VALUE")
    return Problem(place, said, "See the values and their types: gemma-audio --cfg job")


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
            if known == ["recipe", "stages"]:
                message += f" (recipe '{_composed(overrides).recipe.name}')"
            return Problem(place, message, _guess(key, keys) or "See gemma-audio --cfg job.")
        known.append(key)
        node = node[key]
    if isinstance(node, DictConfig):
        return Problem(place, "one of its keys is new here", f"To add keys, write a plus: '+{place}={{KEY: VALUE}}'")
    return Problem(place, "cannot be set here", "See gemma-audio --cfg job.")


def _composed(overrides: Sequence[str]) -> DictConfig:
    """The config with the chosen groups alone: they decide which keys there are."""
    choices = [word for word in overrides if (match := CHOICE.fullmatch(word)) and (CONF / match[1]).is_dir()]
    return composed([*choices, *(word for word in overrides if word.startswith(SEARCHPATH))])


def composed(overrides: Sequence[str], hydra: bool = False) -> DictConfig:
    """The config that `overrides` make, with Hydra's own node if `hydra`; Hydra's errors pass through."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return compose("config", list(overrides), return_hydra_config=hydra)


def _guess(value: str, options: Iterable[str]) -> str:
    near = get_close_matches(value, list(options), n=1)
    return f"Did you mean '{near[0]}'?" if near else ""
