"""Whose card is written, and what has none: refusals, runs of their own, licences and the command."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from card_cases import EMBEDDED, configured, written
from huggingface_hub import ModelCard
from typer.testing import CliRunner

from gemma_audio.cli.model.main import app
from gemma_audio.errors import GemmaAudioError
from gemma_audio.report.card import card_view, model_card
from gemma_audio.report.card_sources import licence, works
from gemma_audio.report.card_subject import subject


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--arm", "v9"], "'v9' is no arm of this sweep"),
        (["--seed", "7"], "7 is no seed of v3 in this sweep"),
        (["--arm", "base"], "nothing was trained for base"),
    ],
)
def test_what_cannot_be_reported_is_refused(full, tmp_path: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["card", str(configured(full).folder), "--out", str(tmp_path / "card"), *options])
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "card").exists()


def test_unfinished_first_seed_is_not_replaced_by_another(full) -> None:
    configured(full).status("v3-seed0", "failed", {"type": "MemoryError", "message": "no room"})
    with pytest.raises(GemmaAudioError, match=r"v3-seed0: is failed \(MemoryError: no room\)\n.*does not take another seed"):
        subject(full.folder)
    assert subject(full.folder, seed=1).cell.name == "v3-seed1"


def test_sweep_over_models_is_refused_since_its_config_is_the_first_cells(full) -> None:
    full.spec["cells"][0]["overrides"] = ["model=tiny"]
    full.spec["cells"][2]["overrides"] = ["model=gemma4_e4b"]
    with pytest.raises(GemmaAudioError, match="differs between v3-seed0 and the sweep's first cell"):
        subject(configured(full).folder)


def test_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GemmaAudioError, match=r"holds neither sweep\.json nor result\.json"):
        subject(tmp_path)


def test_base_from_a_folder_is_not_named_by_its_path(full) -> None:
    view = card_view(subject(configured(full, EMBEDDED | {"source": "/srv/someone/model"}).folder))
    assert view["base"]["source"] == "a local folder"
    assert "/srv/someone" not in model_card(subject(full.folder))


def test_licences_and_works() -> None:
    assert licence("google/gemma-4-E2B", synthetic=True).identifier == "gemma"
    assert licence("embedded", synthetic=True).identifier == "apache-2.0"
    assert licence("embedded", synthetic=False).identifier == licence("some/model", synthetic=True).identifier == "other"
    names = [work.name for work in works(["my_clotho_aqa", "clotho-v2", "mine"], ["lora"], mmau=False, synthetic=False)]
    assert names == ["LoRA", "Clotho-AQA", "Clotho"]
    assert works(["clotho"], [""], mmau=False, synthetic=True) == []


def test_readme_command_makes_a_card(full, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    commands = re.findall(r"^gemma-audio-model (card .*?)(?: *#.*)?$", readme, re.MULTILINE)
    assert commands
    for command in commands:
        words = [str(configured(full).folder) if word.startswith("outputs/sweeps/") else word for word in shlex.split(command)]
        assert CliRunner().invoke(app, words).exit_code == 0, command


def test_help_is_light_and_a_card_needs_no_torch(full, tmp_path: Path) -> None:
    code = (
        "import sys; from gemma_audio.cli.model.main import app\n"
        "try: app()\nexcept SystemExit as done: assert not done.code\n"
        "assert 'torch' not in sys.modules"
    )
    for words in (["--help"], ["card", str(configured(full).folder), "--out", str(tmp_path / "card")]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_run_of_its_own_is_compared_with_nothing(full, tmp_path: Path) -> None:
    configured(full)
    place = tmp_path / "runs" / "alone"
    place.parent.mkdir()
    full.cell("v3-seed1").rename(place)
    with pytest.raises(GemmaAudioError, match=r"run\.json cannot be read"):
        subject(place)
    (place / "run.json").write_text(json.dumps({"schema": 1, "command": ["gemma-audio"], "config": full.spec["config"]}))
    text = written(place, tmp_path / "card")
    assert "Compared with nothing" in text
    assert "by evidence" not in text
    assert "One training run" in text
    assert ModelCard.load(tmp_path / "card" / "README.md").data.model_name == "v3-seed1"
