"""The clips of the questions that changed, written beside the page or into it."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gemma_audio.audio import TYPES, encode, suffix
from gemma_audio.data.corpus import Corpus
from gemma_audio.errors import AudioError, GemmaAudioError
from gemma_audio.evaluation.benchmarks.folder import AudioFolder
from gemma_audio.evaluation.item import Item
from gemma_audio.report.collect import Sweep
from gemma_audio.report.flips import Flips

FOLDER = "audio"
UNKNOWN = "where the clips lie is not known"
GONE = "the clip is no longer where it was when the question was asked"


@dataclass(frozen=True)
class Sounds:
    """By item id: `urls`, where the page finds the clip, or `absent`, why it has none."""

    urls: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def sounds(sweep: Sweep, flips: Flips, folder: Path, embed: bool = False) -> Sounds:
    """Write the clip of every item of `flips` into `folder`/audio, unless it is there; with `embed` give data: URLs instead.

    Clips come from where the runs' `sounds` say that they were, {"kind": "corpus" or "folder", "folder": …}. A clip that cannot
    be had is absent with the reason; nothing is raised. File names are hashes, so that no text of a dataset decides them.
    """
    source = next((found for run in sweep.runs if (found := _Source.of(run.sounds)) is not None), None)
    known = any(run.sounds for run in sweep.runs)
    made = Sounds()
    for name, row in flips.items.iterrows():
        if source is None or not row["audio"]:
            made.absent[str(name)] = GONE if known and source is None else UNKNOWN
            continue
        try:
            made.urls[str(name)] = _url(source, _item(str(name), row), folder, embed)
        except AudioError as error:
            made.absent[str(name)] = f"no sound: {error}".splitlines()[0]
        except (GemmaAudioError, OSError, ValueError):
            made.absent[str(name)] = GONE
    return made


class _Source:
    """A folder of clips, opened when the first clip is read."""

    def __init__(self, kind: str, root: Path) -> None:
        self.kind, self.root = kind, root
        self._read: Callable[[Item], np.ndarray] | None = None

    @classmethod
    def of(cls, where: dict[str, Any] | None) -> _Source | None:
        """The source that `where` names, or None where it names none that is there."""
        kind, root = (where or {}).get("kind"), Path(str((where or {}).get("folder") or ""))
        return cls(str(kind), root) if kind in ("corpus", "folder") and str(root) != "." and root.is_dir() else None

    def read(self, item: Item) -> np.ndarray:
        """Samples of the item's clip, mono at 16 kHz."""
        self._read = self._read or self._open()
        return self._read(item)

    def _open(self) -> Callable[[Item], np.ndarray]:
        if self.kind == "corpus":
            corpus = Corpus.open(self.root)
            return lambda item: corpus.audio(item.audio)
        folder = AudioFolder(self.root)
        return lambda item: folder.decode(item).samples

    def key(self, item: Item) -> str:
        """A name for the clip that changes when another sound takes its place; a corpus folder is sealed and never changes."""
        path = AudioFolder(self.root).find(item) if self.kind == "folder" else None
        state = f"{path.stat().st_size} {path.stat().st_mtime_ns}" if path else ""
        return hashlib.sha256("\0".join((item.id, item.audio, self.kind, str(self.root), state)).encode()).hexdigest()[:20]


def _item(name: str, row: Any) -> Item:
    labels = {key: str(row[key]) for key in ("audio", "question", "answer", "task", "category", "subcategory", "difficulty")}
    return Item(id=name, choices=row["choices"], dataset=str(row["dataset"]), **labels)


def _url(source: _Source, item: Item, folder: Path, embed: bool) -> str:
    name = f"{source.key(item)}.{suffix()}"
    path = folder / FOLDER / name
    if embed:
        content = path.read_bytes() if path.is_file() else encode(source.read(item))
        return f"data:{TYPES[suffix()]};base64,{base64.b64encode(content).decode()}"
    if not path.is_file():
        _write(path, encode(source.read(item)))
    return f"{FOLDER}/{name}"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(path)
