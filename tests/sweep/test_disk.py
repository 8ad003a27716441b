"""The disk is measured against what a command would write, with a free space that the test makes up."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gemma_audio.config import load_config
from gemma_audio.models.size import E4B, size
from gemma_audio.sweep.disk import CHECKPOINTS, STATE, WEIGHT, Need, estimate, problems, too_small
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.rooms import Rooms
from gemma_audio.sweep.stages import Links
from gemma_audio.sweep.store import MANIFEST, Store
from gemma_audio.training.checkpoint import KEPT

GIGA = 10**9


def cells(out: Path, *overrides: str, recipes: tuple[str, ...] = ("v2", "v3")) -> list[Cell]:
    words = [f"out={out}", "data.clips=64", "engine.parallel=1", *overrides]
    return [Cell(i, load_config(f"recipe={name}", *words), (), Path()) for i, name in enumerate(recipes)]


def test_work_that_cells_share_is_counted_once(tmp_path: Path) -> None:
    once = estimate(cells(tmp_path, recipes=("v3",)), Rooms(), stored=False)
    assert estimate(cells(tmp_path, recipes=("v3", "v3")), Rooms(), stored=False) == once
    assert estimate(cells(tmp_path, recipes=("v2", "v3")), Rooms(), stored=False).weights > 2 * once.weights


def test_the_figures_are_those_of_the_model(tmp_path: Path) -> None:
    (cell,) = cells(tmp_path, recipes=("v3",))
    known = size(cell.config.model)
    assert known is not None
    trained = known.trained(cell.config.recipe.stages["adapter"])
    need = estimate([cell], Rooms(), stored=False)
    assert (need.weights, need.checkpoints) == (WEIGHT * trained, CHECKPOINTS * STATE * trained)
    assert CHECKPOINTS == KEPT + 1
    assert torch.finfo(torch.float32).bits // 8 == WEIGHT


def test_cells_side_by_side_keep_their_checkpoints_at_the_same_time(tmp_path: Path) -> None:
    alone = estimate(cells(tmp_path), Rooms(), stored=False)
    together = estimate(cells(tmp_path, "engine.parallel=2"), Rooms(), stored=False)
    assert alone.checkpoints < together.checkpoints <= 2 * alone.checkpoints


def test_a_disk_too_small_is_refused_in_figures(tmp_path: Path) -> None:
    some = cells(tmp_path, "engine.parallel=2")
    (problem,) = problems(some, Rooms(), lambda folder: 10)
    assert problem.place == "out"
    assert "but 0.0 GB are free" in problem.message
    assert "out=FOLDER" in problem.remedy
    assert "engine.parallel=1" in problem.remedy
    assert problems(some, Rooms(), lambda folder: 100 * GIGA) == []
    said = too_small(Need(2 * GIGA, 30 * GIGA, GIGA // 2), 4 * GIGA, cells(tmp_path)).message
    assert "32.5 GB would be written (weights 2.0, checkpoints 30.0, data 0.5), but 4.0 GB are free" in said


def test_what_the_store_holds_needs_no_space(tmp_path: Path) -> None:
    (cell,) = cells(tmp_path, recipes=("v3",))
    rooms = Rooms()
    links = Links(cell.config, rooms, rooms.code(()))
    stage = links.stage(cell.config.recipe.stages["adapter"], links.base())
    for identity in (*(made for made, _ in links.products()), stage):
        folder = Store(cell.store).root / identity.name
        folder.mkdir(parents=True)
        (folder / MANIFEST).write_text("{}")
    assert estimate([cell], rooms, stored=True) == Need(0, 0, 0)
    assert problems([cell], rooms, lambda folder: 10) == []
    (never,) = cells(tmp_path, "reuse=never", recipes=("v3",))
    assert estimate([never], rooms, stored=True).weights > 0


@pytest.mark.parametrize(("recipe", "gigabytes"), [("v3", 0.071 * 4), ("v2", (0.309 + 0.071) * 4)])
def test_the_large_model_is_known_before_it_is_here(recipe: str, gigabytes: float) -> None:
    stages = load_config(f"recipe={recipe}").recipe.stages.values()
    assert sum(E4B.trained(stage) for stage in stages) * WEIGHT / GIGA == pytest.approx(gigabytes, rel=0.01)
