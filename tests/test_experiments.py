"""Every experiment belongs to a sweep that composes or to the probe, and its table is its committed result, number by number."""

import json
from pathlib import Path

import pytest

from gemma_audio.cli.experiment_table import table
from gemma_audio.cli.experiments import OTHERS, TABLE, main
from gemma_audio.cli.gpu.budget import Budget
from gemma_audio.cli.gpu.budget import table as budget_table
from gemma_audio.cli.learnable import table as probe_table
from gemma_audio.config.compose import CONF, load_config
from gemma_audio.world import tiny
from gemma_audio.world.tasks import TESTED

ROOT = Path(__file__).parents[1] / "experiments"
EXPERIMENTS = sorted(path for path in ROOT.iterdir() if path.is_dir())
SWEEPS = [folder for folder in EXPERIMENTS if (CONF / "sweep" / f"{folder.name}.yaml").exists()]
PROBES = json.loads((ROOT / "learnable" / "results" / "probes.json").read_text())


def test_every_experiment_can_be_made_again() -> None:
    assert {folder.name for folder in EXPERIMENTS} - {folder.name for folder in SWEEPS} == set(OTHERS)
    assert SWEEPS


@pytest.mark.parametrize("folder", SWEEPS, ids=lambda path: path.name)
def test_experiment_is_its_sweep(folder: Path) -> None:
    config = load_config(f"sweep={folder.name}")
    comparison = json.loads((folder / "results" / "comparison.json").read_text())
    assert config.sweep is not None
    assert comparison["sweep"]["decision"] == config.sweep.decision
    assert set(comparison["arms"]) == set(config.sweep.arms)
    assert comparison["schema"] in (1, 2)
    assert not comparison["cells"]["failed"] + comparison["cells"]["missing"]


@pytest.mark.parametrize("folder", SWEEPS, ids=lambda path: path.name)
def test_table_is_the_committed_comparison(folder: Path) -> None:
    comparison = json.loads((folder / "results" / "comparison.json").read_text())
    written = TABLE.search((folder / "README.md").read_text())
    assert written is not None
    assert written[0] == table(comparison)
    for arm in comparison["arms"].values():  # the figures, read out of the JSON another way
        correct, asked = (sum(run[key] for run in arm["per_run"]) for key in ("correct", "n"))
        assert f"{100 * correct / asked:.1f}" in written[0]


def test_probes_belong_to_the_shipped_weights_and_their_table_is_the_result() -> None:
    assert PROBES["weights_sha256"] == tiny.weights_sha256()
    written = TABLE.search((ROOT / "learnable" / "README.md").read_text())
    assert written is not None
    assert written[0] == probe_table(PROBES)


@pytest.mark.parametrize("task", TESTED, ids=lambda task: task.name)
def test_every_question_can_be_learnt(task) -> None:
    """Three standard errors above chance with the committed number of questions."""
    row = PROBES["subcategories"][task.subcategory]
    error = (row["chance"] * (1 - row["chance"]) / PROBES["questions"]) ** 0.5
    assert row["probe"] > row["chance"] + 3 * error


def test_unknown_experiment_is_refused_and_known_ones_are_made_in_order(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
    made: list[str] = []
    assert main([], tmp_path, lambda folder: made.append(folder.name)) == 0
    assert made == ["a", "b"]
    assert main(["c"], tmp_path) == 2
    assert "there are: a, b" in capsys.readouterr().err


def test_the_budget_s_table_is_the_committed_one() -> None:
    folder = ROOT / "e4b_cost"
    found = json.loads((folder / "results" / "budget.json").read_text())
    written = TABLE.search((folder / "README.md").read_text())
    assert written is not None
    assert written[0].strip() == budget_table([Budget(**row) for row in found["rows"]])
