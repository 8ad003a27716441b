"""A manifest to a product folder: what is read, what is rejected, and what its identity is."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from gemma_audio.config.schema import Data
from gemma_audio.data.corpora import build, identity
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.manifest_checks import problems
from gemma_audio.data.product import remarks
from gemma_audio.errors import GemmaAudioError

RATE = 16_000


def caption(key: str, audio: str = "a.wav", **changes: Any) -> dict[str, Any]:
    return {"id": key, "audio": audio, "source": "mine", "kind": "caption", "caption": "A tone.", **changes}


def question(key: str, audio: str = "a.wav", **changes: Any) -> dict[str, Any]:
    asked = {"question": "Which?", "choices": ["x", "y"], "answer": "y"}
    return {"id": key, "audio": audio, "source": "mine", "kind": "qa", **asked, **changes}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    soundfile.write(tmp_path / "a.wav", rng.integers(-32768, 32767, RATE).astype(np.int16), RATE)
    soundfile.write(tmp_path / "b.flac", 0.1 * rng.standard_normal((44_100, 2)), 44_100)
    soundfile.write(tmp_path / "long.wav", np.zeros(31 * RATE), RATE)
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("this is no sound")
    return tmp_path


def manifest(folder: Path, rows: list[Any], **changes: Any) -> Data:
    (folder / "rows.jsonl").write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return Data(name="manifest", kind="manifest", file=str(folder / "rows.jsonl"), **changes)


def test_examples_and_clips_read_back(folder: Path) -> None:
    rows = [caption("c"), question("q"), question("r", "b.flac", source="other")]
    build(manifest(folder, rows), folder / "made")
    corpus = Corpus.open(folder / "made")
    assert {(e.id, e.clip, e.source, e.kind, e.choices, e.answer) for e in corpus.examples} == {
        ("c", "a.wav", "mine", "caption", (), "A tone."),
        ("q", "a.wav", "mine", "qa", ("x", "y"), "y"),
        ("r", "b.flac", "other", "qa", ("x", "y"), "y"),
    }
    exact = soundfile.read(folder / "a.wav", dtype="float32")[0]
    assert np.array_equal(corpus.audio("a.wav"), exact), "16-bit samples at 16 kHz keep their very values"
    assert len(corpus.audio("b.flac")) == RATE
    said = "\n".join(remarks(folder / "made"))
    assert "3 examples over 2 clips" in said
    assert "1 sounds: averaged 2 channels" in said
    assert "1 sounds: resampled from 44100 Hz" in said


BAD = [
    ({"id": "m", "audio": "a.wav"}, "missing keys source, kind"),
    (caption("good"), "duplicate id, first used in row 1"),
    (caption("k", kind="captions"), "unknown kind 'captions'; allowed: caption, qa"),
    (caption("l", kind=["qa"]), "unknown kind"),
    (caption("n", caption=""), "missing key caption"),
    (caption("o", caption=3), "caption is no text: 3"),
    (question("p", answer="z"), "the answer 'z' is not among the choices"),
    (question("q", choices="x, y"), "choices is no list"),
    (question("r", choices=["y"]), "1 choices, allowed are 2 to 26"),
    (question("s", choices=None), "missing key choices"),
    (question("t", question="Which?<turn|>"), "control token"),
    (caption("u", "gone.wav"), "gone.wav: no such sound file"),
    (caption("v", "empty.wav"), "the file is empty"),
    (caption("w", "text.wav"), "not a readable sound file"),
    (caption("x", "long.wav"), "31.00 s long, the limit is 30 s"),
    ("{cut off", "the line is no JSON"),
    (["a", "list"], "a row is an object, this one is list"),
]


def test_every_bad_row_is_listed_with_its_number_and_reason(folder: Path) -> None:
    build(manifest(folder, [caption("good"), *(row for row, _ in BAD)]), folder / "made", workers=2)
    listed = [json.loads(line) for line in (folder / "made" / "rejected.jsonl").read_text().splitlines()]
    assert [entry["row"] for entry in listed] == list(range(2, len(BAD) + 2))
    for entry, (_, reason) in zip(listed, BAD, strict=True):
        assert reason in entry["reason"], entry
    assert [e.id for e in Corpus.open(folder / "made").examples] == ["good"]
    assert f"{len(BAD)} rows rejected" in "\n".join(remarks(folder / "made"))


def test_three_formats_and_other_column_names_give_the_same_examples(folder: Path) -> None:
    rows = [{**question(f"q{n}"), "text": "", "caption": ""} for n in range(3)] + [caption("c", text="Bells.")]
    data = manifest(folder, rows, columns={"caption": "text"})
    (folder / "rows.json").write_text(json.dumps(rows))
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(
            file, ["id", "audio", "source", "kind", "text", "question", "choices", "answer"], extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows({**row, **({"choices": json.dumps(row["choices"])} if "choices" in row else {})} for row in rows)
    made = []
    for suffix in ("jsonl", "json", "csv"):
        build(replace(data, file=str(folder / f"rows.{suffix}")), folder / suffix)
        made.append(Corpus.open(folder / suffix).examples)
    assert made[0] == made[1] == made[2]
    assert made[0][0].answer == "Bells."


def test_nothing_usable_is_an_error_also_before_any_work(folder: Path) -> None:
    data = manifest(folder, [caption("a", kind="x"), {}])
    (problem,) = problems(data)
    assert "none of the 2 rows" in problem.message
    with pytest.raises(GemmaAudioError, match="none of the 2 rows"):
        build(data, folder / "made")
    (problem,) = problems(manifest(folder, [caption("a", "gone.wav")]))
    assert problem.place == "data.audio_dir"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.txt", "", "unknown format '.txt'; allowed: .json, .jsonl"),
        ("x.jsonl", "", "no rows"),
        ("x.json", "{}", "dict, not a list"),
        ("x.json", "[1,", "not JSON"),
        ("x.csv", "id,audio\n", "no rows"),
        ("x.csv", "id,audio,origin,kind\n1,a.wav,s,qa\n", "no column 'source' in any row; found: id, audio, origin, kind"),
    ],
)
def test_a_file_that_cannot_be_used_as_a_whole(name: str, content: str, said: str, folder: Path) -> None:
    (folder / name).write_text(content)
    found = problems(Data(name="m", kind="manifest", file=str(folder / name)))
    assert [p for p in found if said in p.message and p.remedy], [str(p) for p in found]


def test_the_identity_is_content_and_nothing_else(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    data = manifest(folder, [caption("c"), caption("d", "b.flac")])
    before = identity(data)
    assert identity(replace(data, name="other", seed=9, clips=7, test_questions=3, options={})) == before
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(folder, elsewhere)
    assert identity(replace(data, file=str(elsewhere / "rows.jsonl"))) == before
    assert identity(replace(data, audio_dir=str(elsewhere))) == before
    soundfile.write(elsewhere / "b.flac", np.zeros(RATE), RATE)
    changed = identity(replace(data, file=str(elsewhere / "rows.jsonl")))
    assert changed["manifest"] == before["manifest"]
    assert changed["audio"] != before["audio"]
