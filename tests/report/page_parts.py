"""Parts of a page's tests: clips on disk, scores with likelihoods, and texts that try to run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RAN = "window.ran=1"
HOSTILE = [
    f"<script>{RAN}</script>",
    f"</script><script>{RAN}</script>",
    f"<img src=x onerror={RAN}>",
    f"\"'><svg onload={RAN}>",
    f"javascript:{RAN}",
    f"{{{{ 7*7 }}}} {{% raw %}} ${{{RAN}}} `{RAN}`",
    "]]> --> <!-- <![CDATA[",
    "line\u2028break\u2029 \u202eright to left\u202c \u2066isolated\u2069 bell\x07",
    f"' onfocus={RAN} autofocus tabindex=1 x='",
    "W" * 300,
]


def rewrite(scores: Path, **columns: Sequence[Any]) -> None:
    """Other values in some columns of a scores.csv."""
    pd.read_csv(scores, dtype=str, keep_default_na=False).assign(**columns).to_csv(scores, index=False)


def with_sounds(folder: Path, where: dict[str, Any] | None, clip: str = "") -> None:
    """Tell every finished cell of a sweep's folder where its clips lie; each item's clip is called after its id, or `clip`."""
    for scores in folder.glob("*/scores.csv"):
        ids = pd.read_csv(scores, dtype=str, keep_default_na=False)["id"]
        rewrite(scores, audio=[clip or name for name in ids])
        result = scores.parent / "result.json"
        result.write_text(json.dumps(json.loads(result.read_text()) | {"sounds": where}))


def corpus(folder: Path, ids: Sequence[str], seconds: float = 0.5) -> dict[str, Any]:
    """A data folder that holds one tone per id, each of its own pitch; returns what a result's `sounds` says of it."""
    folder.mkdir(parents=True, exist_ok=True)
    length = int(16_000 * seconds)
    tones = [tone(place, length) for place in range(len(ids))]
    np.save(folder / "test.npy", np.concatenate([(32767 * t).astype(np.int16) for t in tones]))
    index = [{"id": name, "start": place * length, "length": length} for place, name in enumerate(ids)]
    (folder / "test.jsonl").write_text("\n".join(map(json.dumps, index)))
    for name in ("captions.jsonl", "qa.jsonl"):
        (folder / name).write_text("")
    return {"kind": "corpus", "folder": str(folder)}


def tone(place: int, length: int) -> np.ndarray:
    """The clip of the item at `place`."""
    return 0.4 * np.sin(2 * np.pi * (200 + 3 * place) * np.arange(length) / 16_000)
