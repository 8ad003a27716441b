"""A plugin's corpus: what it may yield, and what counts in its identity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemma_audio.config.schema import Data
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.example import Example
from gemma_audio.data.own import build, identity
from gemma_audio.errors import GemmaAudioError

DATA = Data(name="bells", kind="bells", clips=3)


def example(key: str, clip: str = "c") -> Example:
    return Example(key, clip, "bells", "caption", "", (), "A bell.")


def test_what_it_yields_reads_back(tmp_path: Path) -> None:
    wave = np.linspace(-1, 1, 16_000, dtype=np.float32)
    build(lambda data: ((example(f"e{n}", f"c{n // 2}"), wave / (1 + n)) for n in range(data.clips)), DATA, tmp_path)
    corpus = Corpus.open(tmp_path)
    assert [(e.id, e.clip) for e in corpus.examples] == [("e0", "c0"), ("e1", "c0"), ("e2", "c1")]
    assert np.abs(corpus.audio("c1") - wave / 3).max() <= 1 / 65536


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "yields no example"),
        ([3], "example 1: is int, not a pair"),
        ([(example("a"), np.zeros(16_000)), (example("a"), np.zeros(16_000))], "example 2: the id 'a' occurs twice"),
        ([(example("a"), np.zeros((2, 16_000)))], "not mono"),
        ([(example("a"), np.full(16_000, np.nan))], "not finite"),
        ([(example("a"), np.zeros(10))], "allowed are 0.04 to 30 s"),
        ([(example("a"), np.zeros(31 * 16_000))], "31 s long"),
        ([(replace(example("a"), source=None), np.zeros(16_000))], "must be texts"),
    ],
)
def test_what_cannot_be_used_is_named(rows: list[Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(GemmaAudioError) as caught:
        build(lambda data: rows, DATA, tmp_path)
    assert said in str(caught.value)


def test_settings_and_the_content_of_files_count(tmp_path: Path) -> None:
    before = identity(DATA)
    assert identity(replace(DATA, clips=4)) != before
    assert identity(replace(DATA, options={"pitch": 3})) != before
    assert identity(replace(DATA, name="x", test_questions=3)) == before
    (tmp_path / "file").write_text("one")
    files = replace(DATA, file=str(tmp_path / "file"), audio_dir=str(tmp_path))
    first = identity(files)
    (tmp_path / "file").write_text("two!")
    second = identity(files)
    assert (first["file"], first["audio"]) != (second["file"], second["audio"])
