"""Digests of the code that computes a result, so that whoever edits a loss never gets yesterday's weights."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from gemma_audio.config.plugins import load
from gemma_audio.config.sources import sources

PACKAGE = Path(__file__).resolve().parent.parent
LIBRARIES = ("torch", "transformers", "peft")
DATA_LIBRARIES = ("numpy", "scipy")
SOUND_LIBRARIES = ("numpy", "scipy", "soundfile", "torchaudio")
WORLD = ("world",)
FILES = ("audio", "data/manifest.py", "data/own.py", "data/product.py", "data/table.py", "data/text.py")
COMMON = ("audio", "data", "models", *WORLD)
TRAINING = (*COMMON, "training")
EVALUATION = (*COMMON, "evaluation")


@dataclass(frozen=True)
class Code:
    """The code behind each kind of work, read once per command: a child must not read a file edited since its imports.

    `data` makes the embedded world, `files` a product of the user's own files, `plugins` (by module) the user's own pieces.
    """

    training: Mapping[str, str]
    evaluation: Mapping[str, str]
    data: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, plugins: Sequence[str] = ()) -> Code:
        load(plugins)
        return cls(
            code(TRAINING),
            code(EVALUATION),
            code(WORLD, libraries=DATA_LIBRARIES),
            code(FILES, libraries=SOUND_LIBRARIES),
            {name: plugin_code(name) for name in plugins},
        )


def code(rooms: tuple[str, ...], package: Path = PACKAGE, libraries: tuple[str, ...] = LIBRARIES) -> dict[str, str]:
    """A digest per source file of `rooms` (folders or files of the package), and the versions of the libraries that matter.

    Comments, docstrings, blank lines and line breaks do not count.
    """
    files = sorted(path for room in rooms for path in _sources(package / room))
    digests = {path.relative_to(package).as_posix(): digest(path.read_text()) for path in files}
    return digests | {name: metadata.version(name) for name in libraries}


def plugin_code(name: str) -> dict[str, str]:
    """A digest per source file of an imported plugin; a file that is no Python of today counts by its bytes."""
    return {place: _digest_of(path) for place, path in sources(name).items()}


def _digest_of(path: Path) -> str:
    try:
        return digest(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


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
