"""What the README tells people to type is accepted: every gemma-audio command composes, passes all checks and can be planned."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import soundfile
from readme_files import own_files

from gemma_audio.cli.main import main

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("gemma-audio ")]
ROW = {
    "id": "a", "audio_id": "./test-mini-audios/a.wav", "question": "What?", "choices": ["x", "y"], "answer": "x",
    "dataset": "d", "task": "sound", "split": "test-mini", "category": "Reasoning", "sub-category": "S", "difficulty": "easy",
}  # fmt: skip


@pytest.mark.parametrize("command", [line for line in COMMANDS if "--help" not in line])
def test_command_is_accepted(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    own_files(tmp_path)
    Path("mmau-test-mini.json").write_text(json.dumps([ROW]))
    Path("test-mini-audios").mkdir()
    soundfile.write("test-mini-audios/a.wav", np.sin(np.arange(16_000) / 9), 16_000)
    words = shlex.split(command.replace("$COMMIT", "0" * 40), comments=True)
    assert main([*words, *(["plan=true"] * ("plan=true" not in command))]) == 0, capsys.readouterr().err
    assert "To do:" in capsys.readouterr().out


def test_make_targets_exist() -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text()
    named = set(re.findall(r"`make (\w+)`|^make (\w+)", README, re.MULTILINE))
    for target in {a or b for a, b in named}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
