"""A folder of sound files that a benchmark's rows point into."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from gemma_audio.audio import Clip, MissingAudioError, decode
from gemma_audio.data.content import file_sha256
from gemma_audio.errors import AudioError, BenchmarkError, Problem
from gemma_audio.evaluation.item import Item


class AudioFolder:
    """Finds `item.audio` under `root`, either at its relative path or by its bare name, and nowhere else."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @classmethod
    def open(cls, root: Path, items: Sequence[Item], remedy: str) -> AudioFolder:
        """The folder `root`. Raises BenchmarkError with `remedy` where it is not there, or holds the sound of none of `items`."""
        if not root.is_dir():
            raise BenchmarkError(str(Problem(str(root), "no such folder", remedy)))
        folder = cls(root)
        if items and not folder.holds_any(items):
            message = f"none of the {len(items)} sounds is there (the first would be {items[0].audio})"
            raise BenchmarkError(str(Problem(str(root), message, remedy)))
        return folder

    def find(self, item: Item) -> Path | None:
        """The item's file, or None; AudioError where a link leads out of the folder."""
        for candidate in (self.root / item.audio, self.root / Path(item.audio).name):
            if candidate.is_file():
                if not candidate.resolve().is_relative_to(self.root):
                    message = "a link that leads out of the audio folder"
                    raise AudioError(str(Problem(item.audio, message, "put the file itself into the audio folder")))
                return candidate
        return None

    def decode(self, item: Item) -> Clip:
        """The item's sound; MissingAudioError where there is no file, AudioError where it cannot be used."""
        path = self.find(item)
        if path is None:
            raise MissingAudioError(str(Problem(item.audio, "no such sound file", f"put it into {self.root.name}/")))
        return decode(path, name=item.audio)

    def holds_any(self, items: Iterable[Item]) -> bool:
        """Whether at least one item's file is there."""
        return any(self._state(item) != "missing" for item in items)

    def digest(self, items: Iterable[Item]) -> str:
        """sha256 over every item's sound content, absent ones included: adding a missing clip changes it."""
        total = hashlib.sha256()
        for item in items:
            total.update(f"{item.id} {self._state(item)}\n".encode())
        return total.hexdigest()

    def _state(self, item: Item) -> str:
        try:
            path = self.find(item)
        except AudioError:
            return "outside"
        return "missing" if path is None else file_sha256(path)


def sounds(folder: AudioFolder, notes: dict[str, tuple[str, ...]]) -> Callable[[Item], np.ndarray]:
    """How a benchmark gets an item's samples from a folder; what decoding changed goes into `notes`."""

    def audio(item: Item) -> np.ndarray:
        clip = folder.decode(item)
        notes[item.id] = clip.notes
        return clip.samples

    return audio
