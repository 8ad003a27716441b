"""Times of past runs: which sealed folders tell, and what they say of another budget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemma_audio.sweep.estimate import Estimate, Past
from gemma_audio.sweep.fingerprint import Identity, Ref
from gemma_audio.sweep.plan import Step
from gemma_audio.sweep.store import Store
from gemma_audio.sweep.workload import seconds, weights

BASE, OTHER = Ref.of({"model": "one"}), Ref.of({"model": "other"})
ADAPTER = {"method": "dora", "rank": 32, "scope": {"language_model": "q_proj"}, "dropout": 0.05}


def stage(parent: Ref, steps: int = 100, kind: str = "tune", **changes: Any) -> Identity:
    body = {"objective": "qa", "trains": [], "adapter": ADAPTER, "batch_size": 16, "micro_batch_size": 8, "seed": 0}
    return Identity(kind, {"stage": {**body, "steps": steps, **changes}, "trainer": {"threads": 1}}, parent)


def seal(root: Path, identity: Identity, took: float, file: str = "cost.json") -> Ref:
    store = Store(root, say=lambda line: None)
    return store.get_or_build(identity, lambda into: (into / file).write_text(json.dumps({"seconds": took}))).ref


def past(root: Path) -> Past:
    return Past(Store(root, say=lambda line: None))


def test_seconds_per_step_of_the_like_carry_over_to_another_budget(tmp_path: Path) -> None:
    for seed, took in enumerate((50.0, 60.0, 100.0)):
        seal(tmp_path, stage(BASE, seed=seed, lr=seed), took)
    assert past(tmp_path).estimate(stage(BASE, 1000, seed=7), BASE, 1000) == Estimate(pytest.approx(600.0), 3)


@pytest.mark.parametrize(
    "other", [{"batch_size": 8}, {"objective": "caption"}, {"trains": ["projector"]}, {"adapter": {**ADAPTER, "rank": 8}}]
)
def test_other_work_tells_nothing(other: dict[str, Any], tmp_path: Path) -> None:
    seal(tmp_path, stage(BASE), 50.0)
    assert past(tmp_path).estimate(stage(BASE, **other), BASE, 100) is None


def test_another_model_tells_nothing_and_the_same_below_another_stage_does(tmp_path: Path) -> None:
    first = seal(tmp_path, stage(BASE, kind="first"), 1.0)
    seal(tmp_path, stage(first), 50.0)
    assert past(tmp_path).estimate(stage(BASE), BASE, 100) == Estimate(pytest.approx(50.0), 1)
    assert past(tmp_path).estimate(stage(OTHER), OTHER, 100) is None


def test_an_evaluation_takes_what_an_equal_one_took_on_other_weights(tmp_path: Path) -> None:
    tuned = seal(tmp_path, stage(BASE), 50.0)
    seal(tmp_path, Identity("eval", {"questions": 480}, tuned), 12.0, "summary.json")
    assert past(tmp_path).estimate(Identity("eval", {"questions": 480}, BASE), BASE, 1) == Estimate(12.0, 1)
    assert past(tmp_path).estimate(Identity("eval", {"questions": 40}, BASE), BASE, 1) is None


def test_the_newest_five_are_asked_and_the_silent_skipped(tmp_path: Path) -> None:
    for number in range(7):
        seal(tmp_path, stage(BASE, seed=number), 1000.0 if number < 2 else 10.0)
    seal(tmp_path, stage(BASE, seed=8), 0.0, "something_else.json")
    assert past(tmp_path).estimate(stage(BASE), BASE, 100) == Estimate(pytest.approx(10.0), 5)


def test_cells_side_by_side_share_the_wall_clock() -> None:
    def tune(name: str, took: float) -> Step:
        return Step("tune", name, "train", "", 10, Estimate(took, 1))

    data = Step("data", "data-1", "build", "", 0, Estimate(5.0, 1))
    plans = {0: [data, tune("a", 100)], 1: [data, tune("b", 60)], 2: [data, tune("a", 100)], 3: [data, tune("c", 30)]}
    assert seconds(plans, 1) == 5 + 100 + 60 + 30
    assert seconds(plans, 2) == 5 + 100, "the third cell has nothing of its own to do, the fourth follows the second"
    assert weights(plans) == ({0: [0, 100], 1: [0, 60], 2: [0, 0], 3: [0, 30]}, True)
