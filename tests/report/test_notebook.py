"""The notebook's cells run, in order, on a finished sweep."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "read_a_sweep.ipynb"


def test_notebook_runs_on_a_sweep(maker: Callable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = maker().plan({"base": 1, "v2": 3, "v3": 3})
    for cell in sweep.spec["cells"]:
        sweep.finish(cell["name"], sweep.answers(0.1 if cell["arm"] == "v3" else 0.0))
    monkeypatch.setenv("GEMMA_AUDIO_SWEEP", str(sweep.folder))
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] for cell in cells), "clear the outputs before committing"
    names: dict[str, object] = {}
    for cell in cells:
        exec(compile("".join(cell["source"]), NOTEBOOK.name, "exec"), names)
    assert "recipe:" in capsys.readouterr().out
    assert list(names["sweep"].arms) == ["base", "v2", "v3"]
