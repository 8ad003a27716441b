"""A run by the command line, then its card: the one finds what the other wrote."""

import json
import subprocess
import sys
from pathlib import Path

from huggingface_hub import ModelCard
from typer.testing import CliRunner

from gemma_audio.cli.model.main import app

ROOMS = Path(__file__).parent.parent / "sweep"
ENTRY = f"""import sys; sys.path.insert(0, {str(ROOMS)!r})
import fake_rooms
from gemma_audio.cli.main import main
sys.exit(main(["gemma-audio", *sys.argv[1:]], fake_rooms.ROOMS))"""


def test_card_of_a_run_reads_its_config_and_its_stages_from_where_the_run_left_them(tmp_path: Path) -> None:
    words = ["recipe=v2", "seed=3", "recipe.stages.adapter.optim.lr=0.0123", f"out={tmp_path}", "tracker=[csv]"]
    done = subprocess.run([sys.executable, "-c", ENTRY, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = tmp_path.glob("runs/*/*")
    record = json.loads((run / "run.json").read_text())
    assert record["config"]["model"]["source"] == "embedded"
    assert record["command"][:3] == ["gemma-audio", "recipe=v2", "seed=3"]
    result = CliRunner().invoke(app, ["card", str(run), "--out", str(tmp_path / "card")])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "card" / "README.md").read_text()
    assert "| learning rate | 0.0123 |" in text
    assert "### Stage 2" in text
    assert "not in the store" not in text
    assert "Seed 3 is reported: the only one that was run" in text
    assert ModelCard(text).data.model_name == "v2-seed3"
