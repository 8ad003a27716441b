from __future__ import annotations

import contextlib
import csv
import gc
import json
import logging
import sys
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_rooms import CODE, ROOMS

from gemma_audio.config import load_config
from gemma_audio.sweep.job import run_cell
from gemma_audio.sweep.ledger import Cell, read_status
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.plan import plan
from gemma_audio.sweep.rooms import Rooms
from gemma_audio.sweep.stages import Links, Watch
from gemma_audio.sweep.store import Store
from gemma_audio.sweep.tracker import CsvTracker, Guarded, Trackers


def cell(out: Path, *overrides: str, index: int = 0) -> Cell:
    config = load_config(f"out={out}", "tracker=[csv]", *overrides)
    return Cell(index, config, tuple(overrides), out / "cells" / f"{index}-{config.name}")


def links(made: Cell, rooms: Rooms = ROOMS) -> Links:
    return Links(made.config, rooms, CODE)


def store(made: Cell) -> Store:
    return Store(made.store, made.config.reuse, say=lambda line: None)


def csv_only(made: Cell, warn: Any) -> Trackers:
    return Trackers.of(made, Mirror("group", "id", made.folder), warn)


def run(made: Cell, rooms: Rooms = ROOMS, watch: Watch | None = None) -> dict[str, Any]:
    made.folder.mkdir(parents=True, exist_ok=True)
    return run_cell(made, links=links(made, rooms), store=store(made), watch=watch or Watch(), trackers=csv_only)


def calls(out: Path) -> list[str]:
    path = out / "store" / "calls.log"
    return path.read_text().splitlines() if path.exists() else []


def test_a_cell_ends_in_the_documented_result(tmp_path: Path) -> None:
    made = cell(tmp_path, "recipe=v2", "seed=3")
    result = run(made)
    assert result == json.loads((made.folder / "result.json").read_text())
    assert (result["schema"], result["name"], result["arm"], result["seed"]) == (1, "v2-seed3", "v2", 3)
    names = [(stage["name"], stage["action"], stage["steps"]) for stage in result["stages"]]
    stages = made.config.recipe.stages
    assert names == [(stage.name, "trained", stage.steps) for stage in stages.values()]
    assert result["run"] == result["stages"][-1]["fingerprint"]
    assert result["benchmark"]["n"] == 60
    assert read_status(made.folder)["state"] == "finished"
    evaluation = tmp_path / "store" / f"eval-{result['evaluation']}"
    assert (made.folder / "scores.csv").read_bytes() == (evaluation / "scores.csv").read_bytes()


def test_a_stage_costs_what_training_says_of_all_its_attempts(tmp_path: Path) -> None:
    overrides = ["recipe=v2", "recipe.stages.adapter.mix.sources=[once]"]
    with pytest.raises(RuntimeError):
        run(cell(tmp_path, *overrides))
    result = run(cell(tmp_path, *overrides, index=1))
    assert [stage["seconds"] for stage in result["stages"]] == [4321.5, 4321.5]


def test_stages_run_in_order_each_on_the_chain_before_it(tmp_path: Path) -> None:
    run(cell(tmp_path, "recipe=v2"))
    assert calls(tmp_path) == [
        "world",
        "train encoder_retrain seed0 on []",
        "train adapter_tune seed0 on ['encoder_retrain']",
        "evaluate ['encoder_retrain', 'adapter_tune']",
    ]


def test_nothing_is_made_twice_by_any_cell(tmp_path: Path) -> None:
    run(cell(tmp_path, "recipe=v2"))
    before = calls(tmp_path)
    again = run(cell(tmp_path, "recipe=v2", index=1))
    assert calls(tmp_path) == before
    assert [stage["action"] for stage in again["stages"]] == ["reused", "reused"]


def test_the_base_is_one_run_for_every_seed(tmp_path: Path) -> None:
    results = [run(cell(tmp_path, "recipe=base", f"seed={seed}", index=seed)) for seed in range(3)]
    assert len({result["run"] for result in results}) == 1
    assert [result["seed"] for result in results] == [0, 1, 2]
    assert results[0]["stages"] == []
    assert calls(tmp_path) == ["world", "evaluate []"]


def test_a_benchmark_of_its_own_needs_no_world(tmp_path: Path) -> None:
    run(cell(tmp_path, "recipe=base", "evaluation=mmau_test_mini"))
    assert calls(tmp_path) == ["evaluate []"]


def test_a_failure_is_written_down_and_raised(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = cell(tmp_path, "recipe.stages.adapter.mix.sources=[raise]")
    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError, match="not finite"):
        run(made)
    status = read_status(made.folder)
    assert (status["state"], status["error"]["type"]) == ("failed", "RuntimeError")
    assert "misbehave" in status["error"]["traceback_tail"]
    assert "Traceback" in caplog.text
    assert not (made.folder / "result.json").exists()
    assert status["started"] <= status["ended"]


def test_the_next_attempt_goes_on_where_a_failed_one_stopped(tmp_path: Path) -> None:
    overrides = ["recipe=v2", "recipe.stages.adapter.mix.sources=[once]"]
    with pytest.raises(RuntimeError):
        run(cell(tmp_path, *overrides))
    result = run(cell(tmp_path, *overrides, index=1))
    assert [stage["action"] for stage in result["stages"]] == ["reused", "trained"]
    assert [line.split(" seed")[0] for line in calls(tmp_path)[1:4]] == [
        "train encoder_retrain",
        "train adapter_tune",
        "train adapter_tune",
    ]


class Model:
    """Stands for gigabytes."""


ALIVE: list[weakref.ref[Model]] = []


def train_and_fail(stage: Any, **work: Any) -> dict[str, Any]:
    model = Model()
    ALIVE.append(weakref.ref(model))
    raise RuntimeError("out of memory")


def test_a_failed_cell_keeps_no_model_in_memory(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        run(cell(tmp_path), replace(ROOMS, train=train_and_fail))
    gc.collect()
    assert caught.value is not None
    assert ALIVE[-1]() is None


def test_secrets_of_the_environment_reach_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-0123456789")

    def leak(stage: Any, **work: Any) -> dict[str, Any]:
        raise RuntimeError("refused: canary-0123456789")

    with pytest.raises(RuntimeError):
        run(cell(tmp_path), replace(ROOMS, train=leak))
    texts = [path.read_text() for path in (tmp_path / "cells").rglob("*") if path.is_file()]
    assert texts
    assert not any("canary" in text for text in texts)


def test_metrics_hold_every_row_of_every_stage_trained_or_reused(tmp_path: Path) -> None:
    tables = []
    for index in range(2):
        made = cell(tmp_path, "recipe=v2", index=index)
        run(made)
        with (made.folder / "metrics.csv").open(newline="") as file:
            tables.append(list(csv.DictReader(file)))
    assert tables[0] == tables[1]
    assert [(row["stage"], row["step"]) for row in tables[0]] == [
        (stage, str(step)) for stage in ("encoder_retrain", "adapter_tune") for step in (1, 2, 3)
    ]
    assert [float(row["loss"]) for row in tables[0][:3]] == [1.0, 1 / 2, 1 / 3]


def test_a_tracker_that_fails_stops_nothing_and_warns_once(tmp_path: Path) -> None:
    class Broken:
        def log(self, stage: str, step: int, figures: dict[str, float]) -> None:
            raise ConnectionResetError("the service is gone")

        def sealed(self, *stage: Any) -> None:
            raise AssertionError("must not be asked again")

        def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
            raise AssertionError("must not be asked again")

    said: list[str] = []
    made = cell(tmp_path)
    made.folder.mkdir(parents=True)
    both = Trackers([Guarded("W&B", Broken, said.append), CsvTracker(made.folder)])
    run_cell(made, links=links(made), store=store(made), watch=Watch(), trackers=lambda c, warn: both)
    assert said == ["W&B is off for this cell: ConnectionResetError: the service is gone"]
    assert read_status(made.folder)["state"] == "finished"
    assert len((made.folder / "metrics.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize(("sources", "expected"), [("[]", 0), ("[raise]", 1)])
def test_trackers_are_closed_with_the_exit_code(sources: str, expected: int, tmp_path: Path) -> None:
    codes: list[int] = []

    class Recorder(CsvTracker):
        def close(self, summary: dict[str, Any] | None, exit_code: int) -> None:
            codes.append(exit_code)

    made = cell(tmp_path, f"recipe.stages.adapter.mix.sources={sources}")
    made.folder.mkdir(parents=True)
    opened = Trackers([Recorder(made.folder)])
    with contextlib.suppress(RuntimeError):
        run_cell(made, links=links(made), store=store(made), watch=Watch(), trackers=lambda c, warn: opened)
    assert codes == [expected]


def why(made: Cell, code: Any = CODE) -> list[tuple[str, str, str]]:
    return [(step.kind, step.action, step.reason) for step in plan(Links(made.config, ROOMS, code), store(made))]


def test_a_plan_names_what_would_be_done_and_why(tmp_path: Path) -> None:
    v2 = cell(tmp_path, "recipe=v2")
    nothing = "nothing like it in the store"
    assert why(v2) == [
        ("data", "build", nothing),
        ("encoder_retrain", "train", nothing),
        ("adapter_tune", "train", nothing),
        ("eval", "answer", nothing),
    ]
    run(v2)
    assert {action for _, action, _ in why(v2)} == {"reuse"}
    tuned = why(cell(tmp_path, "recipe=v2", "recipe.stages.encoder.steps=77"))
    steps = v2.config.recipe.stages["encoder"].steps
    assert tuned[1] == ("encoder_retrain", "train", f"stage.steps: {steps} -> 77")
    assert tuned[2] == ("adapter_tune", "train", "follows a link that is made anew")


def test_a_plan_names_the_file_whose_code_changed(tmp_path: Path) -> None:
    v2 = cell(tmp_path, "recipe=v2")
    run(v2)
    edited = replace(CODE, training={"training/loss.py": "edited"})
    reasons = why(v2, edited)
    assert reasons[0][1] == "reuse"
    assert reasons[1] == ("encoder_retrain", "train", "code changed in training/loss.py; reuse=always overlooks that")
    assert why(cell(tmp_path, "recipe=v2", "reuse=always"), edited)[1][1:] == (
        "reuse",
        "its code has changed since (reuse=always)",
    )


def test_a_plan_makes_nothing(tmp_path: Path) -> None:
    why(cell(tmp_path, "recipe=v2"))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_is_told_from_a_failure() -> None:
    """Lightning turns Ctrl-C into SystemExit(1); what the user did must stand in the report, not that."""
    from gemma_audio.sweep.ledger import INTERRUPTED, error_of

    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)

    with pytest.raises(SystemExit) as caught:
        interrupted()
    assert error_of(caught.value)["message"] == INTERRUPTED
    assert error_of(SystemExit(3))["message"] == "3"
