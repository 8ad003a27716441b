from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from fixture_rows import row

from gemma_audio.config.kinds import BenchmarkKind
from gemma_audio.config.schema import Evaluation
from gemma_audio.evaluation.checks import problems


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe{", "not JSON in UTF-8"),
        (b"[1,", "not JSON in UTF-8"),
        (b"{}", "not a list"),
        (b"[]", "an empty list"),
        (b'[{"id": "a"}, 3]', "has 2 rows and none is a usable question (row 1: missing keys"),
    ],
)
def test_a_file_that_cannot_be_used(content: bytes, said: str, tmp_path: Path, evaluation: Callable[..., Evaluation]) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    (problem,) = problems(evaluation(file=str(file), audio_dir=str(tmp_path)))
    assert problem.place == "evaluation.file"
    assert said in problem.message
    assert "evaluation.file=PATH" in problem.remedy


def test_a_folder_needs_one_of_the_clips(tmp_path: Path, evaluation: Callable[..., Evaluation]) -> None:
    file, sounds = tmp_path / "rows.json", tmp_path / "sounds"
    file.write_text(json.dumps([row("one"), row("two"), 3]))
    sounds.mkdir()
    cfg = evaluation(file=str(file), audio_dir=str(sounds))
    (problem,) = problems(cfg)
    assert (problem.place, "none of the 2 clips" in problem.message) == ("evaluation.audio_dir", True)
    soundfile.write(sounds / "two.wav", [0.0, 0.1], 16_000)
    assert problems(cfg) == []


def test_what_the_configs_own_checks_say_is_not_said_twice(tmp_path: Path, evaluation: Callable[..., Evaluation]) -> None:
    assert problems(evaluation(file=None)) == []
    assert problems(evaluation(file=str(tmp_path / "absent.json"))) == []
    assert problems(evaluation(benchmark=BenchmarkKind.embedded, file=str(tmp_path))) == []
