"""Each notebook runs from a folder that holds nothing, in a kernel of its own, and is stored without outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = ["compare_recipes", "listen", "your_predictions"]
LIMIT = 300  # seconds a cell may take; the first one trains


def executed(name: str, folder: Path) -> tuple[list[str], list[str]]:
    """What a notebook shows once it has run: its texts, and the kinds of everything else. Raises if a cell does."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return texts, [kind for output in outputs for kind in output.get("data", {})]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_outputs_are_not_stored(path: Path) -> None:
    assert path.stem in NAMES
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells), "clear the outputs before committing"


def test_a_sweep_is_run_compared_and_listened_to(tmp_path: Path) -> None:
    """Of two notebooks, since the second reads the sweep that the first makes."""
    texts, kinds = executed("compare_recipes", tmp_path)
    shown = "\n".join(texts)
    assert "a small one is run first" in shown
    assert "of 46 questions flipped" in shown
    assert "recipe: v3 - v2 =" in shown
    assert kinds.count("image/png") == 1
    texts, kinds = executed("listen", tmp_path)
    assert "a small one is run first" not in "\n".join(texts)
    assert kinds.count("image/png") == 23
    assert sum("Audio object" in text for text in texts) == 23


def test_predictions_are_scored_and_compared(tmp_path: Path) -> None:
    texts, _ = executed("your_predictions", tmp_path)
    shown = "\n".join(texts)
    assert "2 without an answer, 1 that name no option" in shown
    assert "No claim about recipes: one trained run of bold and of careful" in shown
    assert "these runs: bold - careful = +" in shown
    assert (tmp_path / "outputs" / "your_predictions" / "comparison" / "index.html").exists()
