"""The identity of a piece of work: everything that decides its result, hashed; equal identity means the work is done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from gemma_audio.config.role import IDENTITY, ROLE

LENGTH = 12


def plain(value: Any) -> Any:
    """`value` as JSON types: of a config node only its identity fields, of any mapping only the keys that are not null.

    Null keys go so that an optional field added later renames no earlier result.
    """
    if is_dataclass(value) and not isinstance(value, type):
        named = {f.name: getattr(value, f.name) for f in fields(value) if f.metadata.get(ROLE) == IDENTITY}
        return plain(named)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def fingerprint(value: Any) -> str:
    """The first 12 hex digits of the sha256 of the canonical JSON of `value`; the order of keys does not count."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


@dataclass(frozen=True)
class Ref:
    """A link of the chain: its fingerprint, and the one it would have if code did not count."""

    fingerprint: str
    without_code: str

    @classmethod
    def of(cls, value: Any) -> Ref:
        """The start of a chain, such as a base model: no code stands in it."""
        digest = fingerprint(value)
        return cls(digest, digest)


@dataclass(frozen=True)
class Identity:
    """What decides a result: the kind of work, its own settings (`body`), what it builds on, and the code that computes it."""

    kind: str
    body: Mapping[str, Any]
    parent: Ref | None = None
    code: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The identity as JSON types; the fingerprint is taken of exactly this."""
        parent = self.parent.fingerprint if self.parent else None
        return dict(plain({"kind": self.kind, "body": self.body, "parent": parent, "code": self.code}))

    @property
    def ref(self) -> Ref:
        loose = {"kind": self.kind, "body": self.body, "parent": self.parent.without_code if self.parent else None}
        return Ref(fingerprint(self.document()), fingerprint(loose))

    @property
    def name(self) -> str:
        """The name of the folder that holds the result."""
        return f"{self.kind}-{self.ref.fingerprint}"
