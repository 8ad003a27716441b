"""A built training mix on disk: rows and the clips they speak of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemma_audio.data.example import Example
from gemma_audio.errors import GemmaAudioError


class Corpus:
    """Examples of a data folder, and its clips by id; samples are read from disk as they are asked for."""

    def __init__(self, folder: Path, examples: list[Example], clips: dict[str, tuple[str, int, int]]) -> None:
        self.folder = folder
        self.examples = examples
        self._clips = clips
        self._samples: dict[str, NDArray[np.int16]] = {}

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Read the rows and the clip index of `folder`.

        Raises GemmaAudioError naming the file when a product is missing or a row cannot be read.
        """
        rows = [*_rows(folder / "captions.jsonl"), *_rows(folder / "qa.jsonl")]
        examples = [Example(**{**row, "choices": tuple(row["choices"])}) for row in rows]
        splits = sorted(path.stem for path in folder.glob("*.npy"))
        clips = {row["id"]: (split, row["start"], row["length"]) for split in splits for row in _rows(folder / f"{split}.jsonl")}
        return cls(folder, examples, clips)

    def audio(self, clip: str) -> NDArray[np.float32]:
        """Samples of `clip`: mono, 16 kHz, float32 in [-1, 1].

        Raises GemmaAudioError for an id that the folder does not hold.
        """
        split, start, length = self._place(clip)
        if split not in self._samples:
            self._samples[split] = np.load(self.folder / f"{split}.npy", mmap_mode="r", allow_pickle=False)
        samples = self._samples[split][start : start + length]
        return samples.astype(np.float32) / np.float32(32768)

    def samples(self, clip: str) -> int:
        """The clip's number of samples, from the index. Raises what `audio` does."""
        return self._place(clip)[2]

    def _place(self, clip: str) -> tuple[str, int, int]:
        if clip not in self._clips:
            raise GemmaAudioError(f"{self.folder}: there is no clip {clip!r} among {len(self._clips)}; rebuild the data folder")
        return self._clips[clip]


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text().splitlines()
        return [json.loads(line) for line in lines]
    except (OSError, json.JSONDecodeError) as error:
        remedy = "delete the folder and run the command again; it is built anew"
        raise GemmaAudioError(f"{path}: cannot be read as rows of JSON ({error}); {remedy}") from error
