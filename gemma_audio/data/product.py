"""Writes the folder that a Corpus reads: clips in one array, their index, examples, and what was left out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemma_audio.data.example import Example
from gemma_audio.data.rejected import Rejected

SUMMARY, REJECTED = "summary.json", "rejected.jsonl"
SHOWN = 5
Pcm = NDArray[np.int16]


@dataclass
class Product:
    """A data folder in the making; clips go to disk as they come, so that a corpus may be larger than memory."""

    folder: Path
    clips: list[dict[str, Any]] = field(default_factory=list)
    length: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._samples = (self.folder / "train.npy").open("wb")
        self._header()

    def clip(self, name: str, pcm: Pcm) -> None:
        """Append a clip: mono, 16 kHz, 16 bit."""
        self._samples.write(pcm.astype("<i2").tobytes())
        self.clips.append({"id": name, "start": self.length, "length": len(pcm)})
        self.length += len(pcm)

    def finish(self, examples: Sequence[Example], bad: Sequence[Rejected], notes: Counter[str]) -> None:
        """Write everything but the samples: the clips' index, examples, rejected rows and counts."""
        self._samples.seek(0)
        self._header()  # of the same size, since NumPy leaves room for a longer shape
        self._samples.close()
        _write(self.folder / "train.jsonl", self.clips)
        _write(self.folder / "captions.jsonl", (asdict(e) for e in examples if e.kind == "caption"))
        _write(self.folder / "qa.jsonl", (asdict(e) for e in examples if e.kind != "caption"))
        _write(self.folder / REJECTED, map(asdict, bad))
        counts = {"examples": len(examples), "clips": len(self.clips), "rejected": len(bad), "notes": dict(notes)}
        (self.folder / SUMMARY).write_text(json.dumps(counts, indent=1) + "\n")

    def _header(self) -> None:
        shape = {"descr": "<i2", "fortran_order": False, "shape": (self.length,)}
        np.lib.format.write_array_header_1_0(self._samples, shape)


def to_pcm(samples: NDArray[np.float32]) -> Pcm:
    """Samples in [-1, 1] as 16-bit integers, rounded; beyond full scale they are clipped. A 16-bit file keeps its very values."""
    return np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)


def remarks(folder: Path) -> list[str]:
    """What the terminal says of a product: its size, rows left out, sounds that were changed; nothing of the embedded world."""
    try:
        counts = json.loads((folder / SUMMARY).read_text())
        bad = [json.loads(line) for line in (folder / REJECTED).read_text().splitlines()]
    except (OSError, ValueError):
        return []
    lines = [f"data: {counts['examples']} examples over {counts['clips']} clips"]
    lines += [f"  {number} sounds: {note}" for note, number in counts["notes"].items()]
    if bad:
        lines.append(f"  {len(bad)} rows rejected; {folder.parent.name}/{folder.name}/{REJECTED} lists them")
        lines += [f"    row {entry['row']} ({entry['id'] or 'no id'}): {entry['reason']}" for entry in bad[:SHOWN]]
    return lines


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
