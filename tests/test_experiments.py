"""Every experiment names a sweep that composes, and its table is its committed comparison, number by number."""

import json
import re
from pathlib import Path

import pytest

from gemma_audio.config.compose import CONF, load_config

EXPERIMENTS = sorted((Path(__file__).parents[1] / "experiments").iterdir())


def printed(pair: dict) -> str:
    low, high = (100 * bound for bound in pair["interval"])
    return f"{100 * pair['delta']:+.1f} [{low:+.1f}, {high:+.1f}]"


@pytest.mark.parametrize("folder", EXPERIMENTS, ids=lambda path: path.name)
def test_experiment_is_a_sweep(folder: Path) -> None:
    assert (CONF / "sweep" / f"{folder.name}.yaml").exists()
    config = load_config(f"sweep={folder.name}")
    comparison = json.loads((folder / "results" / "comparison.json").read_text())
    assert config.sweep is not None
    assert comparison["sweep"]["decision"] == config.sweep.decision
    assert comparison["schema"] == 1


@pytest.mark.parametrize("folder", EXPERIMENTS, ids=lambda path: path.name)
def test_table_is_the_committed_comparison(folder: Path) -> None:
    comparison = json.loads((folder / "results" / "comparison.json").read_text())
    lines = [line for line in (folder / "README.md").read_text().splitlines() if re.match(r"\| .*\d", line)]
    table = {cells[0].strip("*"): cells[1:] for cells in ([c.strip() for c in line.strip("|").split("|")] for line in lines)}
    for entry in comparison["subcategories"]:
        primary = next(pair for pair in entry["pairs"] if pair["treatment"] == "v3" and pair["baseline"] == "v2")
        expected = [str(entry["n"]), *(f"{100 * entry['arms'][arm]:.1f}" for arm in ("base", "v2", "v3")), printed(primary)]
        assert table[entry["name"]] == expected
    primary = next(pair for pair in comparison["pairs"] if pair["primary"] and pair["scope"] == "recipe")
    assert table["all"][-1] == printed(primary)
    for cell, arm in zip(table["all"][1:], ("base", "v2", "v3"), strict=False):
        assert cell.split()[0] == f"{100 * comparison['arms'][arm]['accuracy']:.1f}"
