"""Secrets never reach a file: taken out by the name of their key, by the values of the environment, and by their shape."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HIDDEN = "[redacted]"
SENSITIVE = re.compile(r"(^|[_.\-])(api_?key|key|token|secret|password|passwd|auth|authorization|credentials?)($|[_.\-=])", re.I)
SHAPES = re.compile(r"\bhf_[A-Za-z0-9]{20,}|\bwandb_v\d_[A-Za-z0-9_]{20,}|\bsk-[A-Za-z0-9_\-]{20,}|\bgh[pousr]_[A-Za-z0-9]{20,}")
SHORTEST = 8  # shorter values of the environment would hide ordinary words


def redact(value: Any) -> Any:
    """`value` (JSON types) with every secret replaced."""
    if isinstance(value, Mapping):
        return {key: HIDDEN if _hides(str(key), item) else redact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact(item) for item in value]
    return redact_text(value) if isinstance(value, str) else value


def redact_text(text: str) -> str:
    """`text` without the environment's secrets, anything shaped like a token, and the value of `secret_key=value`."""
    for secret in _environment():
        text = text.replace(secret, HIDDEN)
    name, sign, value = text.partition("=")
    if sign and value and "\n" not in text and " " not in name and SENSITIVE.search(name):
        return f"{name}={HIDDEN}"
    return SHAPES.sub(HIDDEN, text)


def redact_file(path: Path) -> None:
    """Rewrite a text file without its secrets; a file that has none is left alone."""
    text = path.read_text(errors="replace")
    if (clean := "\n".join(redact_text(line) for line in text.split("\n"))) != text:
        path.write_text(clean)


def _hides(key: str, value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and bool(value) and bool(SENSITIVE.search(key))


def _environment() -> list[str]:
    values = {value for name, value in os.environ.items() if SENSITIVE.search(name) and len(value) >= SHORTEST}
    return sorted(values, key=len, reverse=True)
