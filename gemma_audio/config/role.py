"""What a config field is to reuse: `identity` fields change what is computed, `runtime` fields only how, how fast or where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

from omegaconf import MISSING

ROLE = "role"
IDENTITY = "identity"
RUNTIME = "runtime"


def _field(role: str, default: Any, factory: Callable[[], Any] | None) -> Any:
    if factory is not None:
        return field(default_factory=factory, metadata={ROLE: role})
    return field(default=default, metadata={ROLE: role})


def identity(default: Any = MISSING, factory: Callable[[], Any] | None = None) -> Any:
    """A field that changes what is computed."""
    return _field(IDENTITY, default, factory)


def runtime(default: Any = MISSING, factory: Callable[[], Any] | None = None) -> Any:
    """A field that changes only how the same thing is computed, named or stored."""
    return _field(RUNTIME, default, factory)
