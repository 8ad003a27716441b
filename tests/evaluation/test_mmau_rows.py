from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import soundfile
from fixture_rows import BAD, GOOD, row

from gemma_audio.audio import MissingAudioError
from gemma_audio.errors import AudioError, BenchmarkError
from gemma_audio.evaluation import benchmarks
from gemma_audio.evaluation.benchmarks import mmau
from gemma_audio.evaluation.benchmarks.rows import parse


def write(folder: Path, rows: object) -> Path:
    path = folder / "mmau.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def sound(path: Path, rate: int = 16_000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, [0.0, 0.1] * rate, rate)


def test_every_oddity_of_the_file_is_a_question() -> None:
    items, rejected = parse(GOOD)
    assert rejected == []
    by_id = {item.id: item for item in items}
    assert by_id["listed"].category == by_id["plain"].category == "Reasoning"
    assert by_id["twice"].gold == (0, 2)
    assert by_id["other-twice"].gold == (2,)
    assert by_id["eight"].gold == (6,)
    assert by_id["blanks"].choices == ("rain ", " wind", "fire", "sea"), "texts are kept verbatim"
    assert by_id["plain"].audio == "./test-mini-audios/plain.wav"
    assert by_id["plain"].subcategory == "Counting"


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=[str(number) for number in range(len(BAD))])
def test_a_bad_row_is_rejected_with_row_id_and_reason(bad: object, reason: str) -> None:
    items, rejected = parse([row("plain"), bad, row("after")])
    assert [item.id for item in items] == ["plain", "after"]
    assert len(rejected) == 1
    assert rejected[0].row == 2
    assert reason in rejected[0].reason
    if isinstance(bad, dict) and isinstance(bad.get("id"), str):
        assert rejected[0].id == bad["id"]


def test_all_reasons_of_a_row_are_told_at_once() -> None:
    _, rejected = parse([{**row("a/b"), "choices": "cat", "task": "vision"}])
    assert all(word in rejected[0].reason for word in ("unsafe", "no list", "vision"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"id,question\n1,what", "not JSON"),
        (b'{"rows": []}', "dict, not a list"),
        (b"[]", "empty list"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 200_000, "not JSON"),
    ],
)
def test_an_unusable_file_names_itself_and_the_remedy(tmp_path: Path, evaluation, content: bytes, words: str) -> None:
    path = tmp_path / "mmau.json"
    path.write_bytes(content)
    with pytest.raises(BenchmarkError, match=words) as caught:
        benchmarks.load(evaluation(file=str(path), audio_dir=str(tmp_path)), None)
    assert str(path) in str(caught.value)
    assert "evaluation.file=" in str(caught.value)


def test_missing_file_folder_or_settings(tmp_path: Path, evaluation) -> None:
    file = write(tmp_path, GOOD)
    for changes, words in (
        ({"file": str(tmp_path / "gone.json"), "audio_dir": str(tmp_path)}, "gone.json"),
        ({"file": None, "audio_dir": str(tmp_path)}, "evaluation.file"),
        ({"file": str(file), "audio_dir": None}, "evaluation.audio_dir"),
        ({"file": str(file), "audio_dir": str(tmp_path / "gone")}, "no such folder"),
        ({"file": str(file), "audio_dir": str(tmp_path)}, "none of the 11 sounds"),
    ):
        with pytest.raises(BenchmarkError, match=words):
            benchmarks.load(evaluation(**changes), None)


def test_a_file_of_bad_rows_only(tmp_path: Path, evaluation) -> None:
    file = write(tmp_path, [bad for bad, _ in BAD if bad != row("plain")])
    with pytest.raises(BenchmarkError, match="none of 30 rows is a question"):
        benchmarks.load(evaluation(file=str(file), audio_dir=str(tmp_path)), None)


def test_revision_is_known_by_content_only(tmp_path: Path, evaluation) -> None:
    file = write(tmp_path, GOOD)
    sound(tmp_path / "plain.wav")
    benchmark = benchmarks.load(evaluation(file=str(file), audio_dir=str(tmp_path)), None)
    assert benchmark.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert benchmark.revision == "unknown"
    assert "no known revision" in benchmark.warnings[0]
    assert len(mmau.revisions()) == 17
    assert all(len(key) == 64 for key in mmau.revisions())
    broken = next(key for key, value in mmau.revisions().items() if value["gold_among_choices"] == 853)
    assert "147 answers are not among the choices" in mmau.describe(broken)[1][0]


def test_sounds_are_found_by_path_or_name_and_only_below_the_folder(tmp_path: Path, evaluation) -> None:
    folder, outside = tmp_path / "clips", tmp_path / "outside.wav"
    sound(folder / "test-mini-audios" / "plain.wav")
    sound(folder / "two.wav", rate=8000)
    sound(outside)
    (folder / "five.wav").symlink_to(outside)
    (folder / "eight.wav").symlink_to(folder / "two.wav")
    (folder / "twice.wav").write_bytes(b"")
    benchmark = benchmarks.load(evaluation(file=str(write(tmp_path, GOOD)), audio_dir=str(folder)), None)
    items = {item.id: item for item in benchmark.items}
    assert len(benchmark.audio(items["plain"])) == 32_000
    assert len(benchmark.audio(items["two"])) == 32_000
    assert len(benchmark.audio(items["eight"])) == 32_000
    assert benchmark.notes["two"] == ("resampled from 8000 Hz",)
    with pytest.raises(AudioError, match="leads out"):
        benchmark.audio(items["five"])
    with pytest.raises(MissingAudioError, match=r"letters\.wav"):
        benchmark.audio(items["letters"])
    with pytest.raises(AudioError, match=r"twice\.wav: the file is empty") as caught:
        benchmark.audio(items["twice"])
    assert str(tmp_path) not in str(caught.value), "reports must not carry a machine's paths"


def test_a_limit_is_spread_over_the_file(tmp_path: Path, evaluation) -> None:
    file = write(tmp_path, GOOD)
    sound(tmp_path / "plain.wav")
    cfg = evaluation(file=str(file), audio_dir=str(tmp_path), limit=3)
    assert [item.id for item in benchmarks.load(cfg, None).items] == ["plain", "five", "blanks"]
    cfg.limit = 99
    assert len(benchmarks.load(cfg, None).items) == len(GOOD)
