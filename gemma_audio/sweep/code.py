"""Digests of the code that computes a result, so that whoever edits a loss never gets yesterday's weights."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent
LIBRARIES = ("torch", "transformers", "peft")
DATA_LIBRARIES = ("numpy", "scipy")
WORLD = ("world",)
COMMON = ("audio", "data", "models", *WORLD)
TRAINING = (*COMMON, "training")
EVALUATION = (*COMMON, "evaluation")


@dataclass(frozen=True)
class Code:
    """The code behind each kind of work, read once per command: a child must not read a file edited since its imports."""

    training: Mapping[str, str]
    evaluation: Mapping[str, str]
    data: Mapping[str, str]

    @classmethod
    def read(cls) -> Code:
        return cls(code(TRAINING), code(EVALUATION), code(WORLD, libraries=DATA_LIBRARIES))


def code(rooms: tuple[str, ...], package: Path = PACKAGE, libraries: tuple[str, ...] = LIBRARIES) -> dict[str, str]:
    """A digest per source file of `rooms` (folders or files of the package), and the versions of the libraries that matter.

    Comments, docstrings, blank lines and line breaks do not count.
    """
    files = sorted(path for room in rooms for path in _sources(package / room))
    digests = {path.relative_to(package).as_posix(): digest(path.read_text()) for path in files}
    return digests | {name: metadata.version(name) for name in libraries}


def digest(source: str) -> str:
    """The first 12 hex digits of the sha256 of the syntax tree of `source`."""
    text = json.dumps(_node(ast.parse(source)), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _sources(place: Path) -> list[Path]:
    return [place] if place.suffix == ".py" else list(place.rglob("*.py"))


def _node(value: Any) -> Any:
    """A syntax tree as lists; empty fields go because ast.dump spells them differently from one Python to the next."""
    if isinstance(value, ast.AST):
        parts = {name: part for name, part in ast.iter_fields(value) if part is not None and part != []}
        if "body" in parts and _is_docstring(parts["body"]):
            parts["body"] = parts["body"][1:]
        return [type(value).__name__, *([name, _node(part)] for name, part in parts.items())]
    if isinstance(value, list):
        return [_node(item) for item in value]
    return repr(value)


def _is_docstring(body: Any) -> bool:
    first = body[0] if isinstance(body, list) and body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
