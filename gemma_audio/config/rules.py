"""The few kinds of rule that the checks are made of; each yields a Problem with a remedy."""

from __future__ import annotations

import math
import os
import string
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from gemma_audio.errors import Problem


def given(place: str, value: str | None, what: str, exists: Callable[[Path], bool]) -> Iterator[Problem]:
    """A path that must be set and exist."""
    if value is None:
        yield Problem(place, f"{what} is not set", f"{place}=PATH")
    elif not exists(Path(value).expanduser()):
        yield Problem(
            place, f"'{value}' not found; expected {what}", f"{place}=PATH (relative to the current folder, or absolute)"
        )


def template(place: str, text: str, allowed: Sequence[str], required: Sequence[str]) -> Iterator[Problem]:
    """A template with only the allowed fields and all required ones."""
    names = ", ".join(f"{{{name}}}" for name in allowed)
    try:
        used = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        yield Problem(place, f"'{text}' is not a template: {error}", f"Allowed: {names}; write a literal brace twice.")
        return
    for name in used:
        if name not in allowed:
            yield Problem(place, f"unknown field {{{name}}} in '{text}'", f"Allowed: {names}; write a literal brace twice.")
    for name in required:
        if name not in used:
            yield Problem(place, f"'{text}' lacks {{{name}}}", f"Put {{{name}}} where it belongs.")


def choice(
    place: str, value: str | None, allowed: Sequence[str | None], what: str = "value", *, listed: bool = False
) -> Iterator[Problem]:
    """A value that must be one of a few; `listed` if `place` holds a list of such values."""
    if value not in allowed:
        options = [str(option) for option in allowed if option is not None]
        near = get_close_matches(str(value), options, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"{place}={f'[{options[0]}]' if listed else options[0]}"
        yield Problem(place, f"unknown {what} '{value}'; allowed: {', '.join(options)}", hint)


def at_least(place: str, value: int | None, least: int) -> Iterator[Problem]:
    """A number that must not be too small; None is no number."""
    if value is not None and value < least:
        yield Problem(place, f"{value} is below {least}", f"{place}={least}")


def within(place: str, value: float, low: float, high: float, example: float, *, closed: bool = False) -> Iterator[Problem]:
    """A finite number from `low` up to `high`, which itself is allowed if `closed`."""
    if not (low <= value < high or (closed and value == high)) or math.isinf(value):
        top = f" and {'at most' if closed else 'below'} {high:g}" if math.isfinite(high) else ""
        yield Problem(place, f"{value} is not allowed; allowed: numbers of at least {low:g}{top}", f"{place}={example}")


def once(place: str, values: Sequence[str]) -> Iterator[Problem]:
    """A list that names each thing once."""
    for value in dict.fromkeys(v for v in values if values.count(v) > 1):
        yield Problem(place, f"'{value}' is listed twice", f"{place}=[{','.join(dict.fromkeys(values))}]")


def not_writable(path: Path) -> str:
    """Why `path` (or the folder it would be made in) cannot be written; empty if it can."""
    nearest = path.expanduser().absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        return f"'{path}' cannot be a folder: '{nearest.name}' is a file"
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"'{path}' cannot be written"
