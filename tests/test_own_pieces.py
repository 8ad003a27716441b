"""The README's section on one's own pieces, run for real: few steps of the small model, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from readme_files import SNIPPETS, SOUNDS, own_files

CODE = "import sys; from gemma_audio.cli.main import main; sys.exit(main(['gemma-audio', *sys.argv[1:]]))"
SHORT = ["trainer.max_steps=2", "tracker=[csv]", "data.test_questions=1", "data.dev_questions=1", "engine.parallel=1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("mine")
    own_files(made)
    return made


def run(folder: Path, *words: str, code: int = 0) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "300"}
    command = [sys.executable, "-c", CODE, *words, *SHORT]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def newest_result(folder: Path) -> dict:
    path = max(folder.glob("outputs/**/result.json"), key=lambda path: path.stat().st_mtime_ns)
    return dict(json.loads(path.read_text()))


def test_the_readme_shows_a_recipe_and_a_module_of_some_forty_lines() -> None:
    assert set(SNIPPETS) == {"mine/recipe/gentle.yaml", "my_pieces.py"}
    assert len(SNIPPETS["my_pieces.py"].splitlines()) <= 45


def test_a_sweep_over_a_recipe_and_code_of_ones_own_and_what_an_edit_makes_anew(folder: Path) -> None:
    (folder / "mine" / "recipe" / "pitch.yaml").write_text(
        "defaults: [{/stage@stages.pitch: adapter_tune}, _self_]\nname: pitch\nstages: {pitch: {objective: pitch}}\n"
    )
    words = ["--config-dir", "mine", "-m", "plugins=[my_pieces]", "recipe=base,pitch", "data.kind=tones", "data.clips=16"]
    words += ["evaluation.benchmark=pitch", "evaluation.name=pitch"]
    said = run(folder, *words)
    assert "data: 16 examples over 16 clips" in said
    assert "pitch-seed0: finished" in said
    assert newest_result(folder)["benchmark"]["n"] == 20

    text = (folder / "my_pieces.py").read_text()
    (folder / "my_pieces.py").write_text(f"# a comment\n{text}")
    assert "everything is in the store" in run(folder, *words, "plan=true"), "a comment is no code"
    (folder / "my_pieces.py").write_text(text.replace('return "High or low?", example', 'return "Is it high or low?", example'))
    plan = run(folder, *words, "plan=true")
    assert "1 stage to train" in plan
    assert "code changed in my_pieces.py" in plan
    (folder / "my_pieces.py").write_text(text)


def test_training_data_and_questions_of_ones_own(folder: Path) -> None:
    data = ["data=manifest", "data.file=my.jsonl", "data.audio_dir=sounds"]
    quiz = ["evaluation=mcq_file", "evaluation.file=quiz.csv", "evaluation.audio_dir=sounds"]
    said = run(folder, "recipe=v2", "mix@recipe.stages.encoder.mix=all", *data, *quiz, "+evaluation.columns.question=prompt")
    assert f"data: {2 * SOUNDS} examples over {SOUNDS} clips" in said
    assert f"{SOUNDS // 3} sounds: resampled from 44100 Hz" in said
    result = newest_result(folder)
    assert (result["benchmark"]["n"], result["benchmark"]["rejected"]) == (SOUNDS, [])
    assert result["benchmark"]["revision"] == "quiz.csv, answers by letter"
    assert [stage["action"] for stage in result["stages"]] == ["trained", "trained"]


def test_the_embedded_benchmark_is_at_hand_beside_data_of_ones_own(folder: Path) -> None:
    run(folder, "recipe=v3", "data=manifest", "data.file=my.jsonl", "data.audio_dir=sounds")
    result = newest_result(folder)
    assert result["benchmark"]["name"] == "embedded"
    assert result["benchmark"]["revision"].startswith("world")
