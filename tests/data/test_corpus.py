"""A built data folder: the same from one process or two, read back whole, and clear about what is missing."""

from pathlib import Path

import numpy as np
import pytest

from gemma_audio.config.kinds import DataKind
from gemma_audio.config.schema import Data
from gemma_audio.data.corpus import Corpus
from gemma_audio.errors import GemmaAudioError
from gemma_audio.world import build, identity
from gemma_audio.world.clip import make

SMALL = Data(name="small", kind=DataKind.embedded, seed=3, clips=230, dev_questions=2, test_questions=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    build(SMALL, folder, workers=1)
    return folder


def test_two_processes_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    build(SMALL, tmp_path, workers=2)
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_clips_read_back_as_made(folder: Path) -> None:
    corpus = Corpus.open(folder)
    made = make(3, "melody", "train", 9)
    assert np.array_equal(corpus.audio("train-melody-00009") * 32768, made.pcm.astype(np.float32))
    assert corpus.audio("test-stress-00001").dtype == np.float32


def test_captions_and_questions_play_the_published_corpora(folder: Path) -> None:
    examples = Corpus.open(folder).examples
    captions = {e.source for e in examples if e.kind == "caption"}
    questions = {e.source for e in examples if e.kind == "qa"}
    assert captions == {"clotho", "fsd50k", "musicbench", "musicqa", "librispeech"}
    assert questions == {"clotho_aqa", "fsd50k_qa", "music_qa", "librispeech_qa"}
    transcripts = [e for e in examples if e.source == "librispeech"]
    assert all(e.answer == e.attributes["word" if "word" in e.attributes else "says"].upper() for e in transcripts)
    assert len({e.id for e in examples}) == len(examples)


def test_unknown_clip_is_named(folder: Path) -> None:
    with pytest.raises(GemmaAudioError, match="no clip 'nope'"):
        Corpus.open(folder).audio("nope")


def test_damaged_rows_name_the_file(folder: Path, tmp_path: Path) -> None:
    build(Data(name="s", kind=DataKind.embedded, seed=0, clips=20, dev_questions=1, test_questions=1), tmp_path)
    (tmp_path / "qa.jsonl").write_text('{"id": "cut off')
    with pytest.raises(GemmaAudioError, match=r"qa\.jsonl: cannot be read"):
        Corpus.open(tmp_path)


def test_identity_is_version_and_sizes(folder: Path) -> None:
    assert identity(SMALL) == {"world": 2, "seed": 3, "clips": 230, "dev": 2, "test": 3, "test_voice": 8, "test_combo": 8}
