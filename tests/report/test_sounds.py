"""Clips beside the page: from both kinds of source, once, under names that no dataset decides."""

from __future__ import annotations

import base64
import io
import re
import shutil

import numpy as np
import pytest
import soundfile
from page_parts import corpus, tone, with_sounds

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.flips import flips
from gemma_audio.report.sounds import GONE, UNKNOWN, sounds


def made(sweep, folder, embed=False):
    read = read_sweep(sweep.folder)
    found = flips(read)
    return found, sounds(read, found, folder, embed)


@pytest.fixture
def heard(full, tmp_path):
    """The full sweep, with a clip for every question."""
    with_sounds(full.folder, corpus(tmp_path / "data", [item["id"] for item in full.items]))
    return full


def like(samples, place):
    """Whether a decoded clip is the tone of the item at `place`, by its strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples))
    return abs(spectrum.argmax() * 16_000 / len(samples) - (200 + 3 * place)) <= 2


def test_a_clip_per_changed_question_and_it_is_the_right_one(heard, tmp_path):
    found, clips = made(heard, tmp_path / "out")
    assert clips.absent == {}
    assert set(clips.urls) == set(found.items.index)
    files = sorted(path.name for path in (tmp_path / "out" / "audio").iterdir())
    assert files == sorted(url.removeprefix("audio/") for url in clips.urls.values())
    for name, url in list(clips.urls.items())[::20]:
        samples, rate = soundfile.read(tmp_path / "out" / url)
        assert (rate, len(samples)) == (16_000, 8_000)
        assert like(samples, int(name[-4:]))


def test_written_once(heard, tmp_path, monkeypatch):
    made(heard, tmp_path / "out")
    monkeypatch.setattr("gemma_audio.report.sounds.encode", lambda samples: pytest.fail("encoded again"))
    made(heard, tmp_path / "out")


def test_embedded_nothing_is_written(heard, tmp_path):
    _, clips = made(heard, tmp_path / "out", embed=True)
    assert not (tmp_path / "out").exists()
    name, url = next(iter(clips.urls.items()))
    kind, data = url.split(";base64,")
    assert kind.startswith("data:audio/")
    samples, _ = soundfile.read(io.BytesIO(base64.b64decode(data)))
    assert like(samples, int(name[-4:]))


def test_a_folder_of_files_and_what_is_wrong_with_some(full, tmp_path):
    root = tmp_path / "clips"
    root.mkdir()
    names = [item["id"] for item in full.items]
    for place, name in enumerate(names):
        soundfile.write(root / name, tone(place, 8_000), 16_000, format="WAV")
    gone, broken = flips(read_sweep(full.folder)).items.index[:2]
    (root / gone).unlink()
    (root / broken).write_bytes(b"RIFF no sound")
    with_sounds(full.folder, {"kind": "folder", "folder": str(root)})
    found, clips = made(full, tmp_path / "out")
    assert set(clips.urls) | set(clips.absent) == set(found.items.index)
    assert set(clips.absent) == {gone, broken}
    assert all(str(tmp_path) not in reason for reason in clips.absent.values())
    assert "no such sound file" in clips.absent[gone]


@pytest.mark.parametrize("clip", ["../secret.wav", "/etc/passwd", "a\0b", "x" * 5000])
def test_no_name_leads_out_of_the_folder_or_into_a_file_name(full, tmp_path, clip):
    root = tmp_path / "clips"
    root.mkdir()
    soundfile.write(tmp_path / "secret.wav", tone(0, 8_000), 16_000)
    with_sounds(full.folder, {"kind": "folder", "folder": str(root)})
    read = read_sweep(full.folder)
    found = flips(read)
    found.items["audio"] = clip
    clips = sounds(read, found, tmp_path / "out")
    assert clips.urls == {}
    assert not (tmp_path / "out").exists()


def test_file_names_are_hashes(maker, tmp_path):
    sweep = maker(8)
    for place, item in enumerate(sweep.items):
        item["id"] = f"../<b onclick=x>{place} \u202e"
    sweep.plan({"v2": 1, "v3": 1})
    for name in ("v2-seed0", "v3-seed0"):
        sweep.finish(name, sweep.answers())
    with_sounds(sweep.folder, corpus(tmp_path / "data", [item["id"] for item in sweep.items], 0.05))
    _, clips = made(sweep, tmp_path / "out")
    assert clips.urls
    assert all(re.fullmatch(r"audio/[0-9a-f]{20}\.(ogg|flac)", url) for url in clips.urls.values())


def test_sounds_that_are_gone_or_were_never_known(heard, tmp_path):
    shutil.rmtree(tmp_path / "data")
    _, clips = made(heard, tmp_path / "out")
    assert set(clips.absent.values()) == {GONE}
    with_sounds(heard.folder, None)
    _, clips = made(heard, tmp_path / "out")
    assert set(clips.absent.values()) == {UNKNOWN}


def test_a_damaged_corpus_costs_the_clips_not_the_page(heard, tmp_path):
    (tmp_path / "data" / "test.jsonl").write_text("{")
    found, clips = made(heard, tmp_path / "out")
    assert set(clips.absent) == set(found.items.index)
