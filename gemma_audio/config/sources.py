"""The source files of a plugin: what counts when its code is compared with that of an earlier run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

INSTALLED = ("site-packages", "dist-packages")


def sources(plugin: str) -> dict[str, Path]:
    """Files of an imported plugin by their place below the folder it lies in.

    They are its whole top-level package (or its module), and, unless it is installed, whatever these import from beside it.
    """
    top = plugin.partition(".")[0]
    root = _root(top)
    found: dict[str, Path] = {}
    waiting, seen = [top], {"gemma_audio"}
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in _files(root, name):
            found[path.relative_to(root).as_posix()] = path
            waiting += _imported(path) if not set(INSTALLED) & set(root.parts) else []
    return dict(sorted(found.items()))


def _root(top: str) -> Path:
    """The folder that holds a top-level module."""
    module = sys.modules[top]
    folder = Path(next(iter(module.__path__))) if hasattr(module, "__path__") else Path(str(module.__file__))
    return folder.resolve().parent


def _files(root: Path, name: str) -> list[Path]:
    module = root / f"{name}.py"
    return sorted((root / name).rglob("*.py")) or ([module] if module.is_file() else [])


def _imported(path: Path) -> Iterator[str]:
    """Top-level names that a file imports; one that cannot be parsed imports nothing."""
    with suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]
