"""Which training corpora there are: for each data kind what it is, and how its product folder is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from gemma_audio.config.kinds import DataKind
from gemma_audio.config.plugins import load
from gemma_audio.config.schema import Data
from gemma_audio.data import manifest, own
from gemma_audio.world import build as build_world
from gemma_audio.world import identity as world_identity


class Kind(NamedTuple):
    """What decides a corpus (apart from code), and its builder (settings, folder, worker processes)."""

    identity: Callable[[Data], dict[str, Any]]
    build: Callable[[Data, Path, int], None]


KINDS: dict[str, Kind] = {
    DataKind.embedded: Kind(world_identity, build_world),
    DataKind.manifest: Kind(manifest.identity, manifest.build),
}


def identity(data: Data, plugins: Sequence[str] = ()) -> dict[str, Any]:
    """What decides the product of `data`, for a fingerprint. Raises GemmaAudioError where a file cannot be read."""
    return _kind(data, plugins).identity(data)


def build(data: Data, into: Path, workers: int = 1, plugins: Sequence[str] = ()) -> None:
    """Write the product of `data` into the folder `into`. Raises GemmaAudioError where nothing usable comes of it."""
    _kind(data, plugins).build(data, into, workers)


def _kind(data: Data, plugins: Sequence[str]) -> Kind:
    if data.kind in KINDS:
        return KINDS[data.kind]
    return Kind(own.identity, partial(own.build, load(plugins).own("corpus")[data.kind]))
