from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from training_cases import make_stage

from gemma_audio import world
from gemma_audio.config.kinds import BenchmarkKind, Keep, Method, Objective
from gemma_audio.config.schema import Data, Evaluation, Model, Probe, Trainer
from gemma_audio.errors import GemmaAudioError
from gemma_audio.evaluation.run import evaluate
from gemma_audio.training import dev_probe, run
from gemma_audio.world.tasks import TESTED

PLAIN: dict[str, Any] = {"prompt": "{question}\n{choices}", "choice": "({letter}) {text}", "separator": "\n"}
DEV = Evaluation(
    name="dev", benchmark=BenchmarkKind.embedded, split="dev", method=Method.option_text, batch_size=8, limit=12, **PLAIN
)
TRAINER = Trainer(name="cpu", threads=1)


class Stopped(Exception):
    """Stands for anything that ends a run in the middle."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    world.build(Data(name="small", clips=30, dev_questions=1, test_questions=0, shift_questions=0), folder, 1)
    return folder


def train(
    objective: Objective, base: Model, data: Path, into: Path, probe: Probe | None, log: Callable[..., None] = lambda *_: None
) -> dict[str, Any]:
    return run.train(
        make_stage(objective), model=base, data_folder=data, trainer=TRAINER, chain=[], into=into, log=log,
        progress=lambda *_: None, probe=probe, probe_folder=data,
    )  # fmt: skip


def probe(every: int = 2, keep: Keep = Keep.last) -> Probe:
    return Probe(name="dev", every=every, keep=keep, evaluation=DEV)


def rows(into: Path) -> list[dict[str, str]]:
    with (into / "probes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def tensors(folder: Path) -> dict[str, Any]:
    return {f"{path.name}/{key}": value for path in folder.rglob("*.safetensors") for key, value in load_file(path).items()}


def same(one: Path, other: Path) -> bool:
    a, b = tensors(one), tensors(other)
    return a.keys() == b.keys() and all(bool((a[key] == b[key]).all()) for key in a)


@pytest.mark.parametrize("objective", [Objective.caption, Objective.qa])
def test_a_probed_run_ends_in_the_same_bits(objective: Objective, base: Model, data: Path, tmp_path: Path) -> None:
    train(objective, base, data, tmp_path / "plain", None)
    train(objective, base, data, tmp_path / "probed", probe())
    assert same(tmp_path / "plain" / "weights", tmp_path / "probed" / "weights")
    assert not (tmp_path / "plain" / "probes.csv").exists()
    assert [row["step"] for row in rows(tmp_path / "probed")] == ["0", "2", "4", "6"]


def test_the_last_row_is_what_the_evaluation_says_of_the_sealed_weights(base: Model, data: Path, tmp_path: Path) -> None:
    train(Objective.qa, base, data, tmp_path / "stage", probe(every=4))
    found = rows(tmp_path / "stage")
    assert [row["step"] for row in found] == ["0", "4", "6"]
    for chain, row in (([], found[0]), ([tmp_path / "stage"], found[-1])):
        said = evaluate(DEV, model=base, data_folder=data, trainer=TRAINER, chain=chain, into=tmp_path / "eval")["accuracy"]
        assert float(row["accuracy"]) == pytest.approx(said["official"], abs=1e-6)
        assert {name: float(row[name]) for name in said["subcategories"]} == {
            name: pytest.approx(entry["official"], abs=1e-6) for name, entry in said["subcategories"].items()
        }
    assert set(found[0]) - {"step", "n", "accuracy"} <= {task.subcategory for task in TESTED}


def test_figures_are_told_while_the_stage_trains(base: Model, data: Path, tmp_path: Path) -> None:
    told: list[tuple[int, dict[str, float]]] = []
    train(Objective.qa, base, data, tmp_path, probe(), lambda step, figures: told.append((step, figures)))
    dev = [(step, figures["dev/accuracy"]) for step, figures in told if "dev/accuracy" in figures]
    assert dev == [(int(row["step"]), float(row["accuracy"])) for row in rows(tmp_path)]
    assert [step for step, figures in told if "loss" in figures] == [1, 2, 3, 4, 5, 6]


def test_a_stopped_run_goes_on_to_the_same_probes_and_the_same_best(base: Model, data: Path, tmp_path: Path) -> None:
    def stop(step: int, figures: dict[str, float]) -> None:
        if step == 4 and "dev/accuracy" in figures:
            raise Stopped  # the probe of step 4 is on disk, the checkpoint of step 4 is not

    train(Objective.qa, base, data, tmp_path / "whole", probe())
    with pytest.raises(Stopped):
        train(Objective.qa, base, data, tmp_path / "stopped", probe(), stop)
    assert [row["step"] for row in rows(tmp_path / "stopped")] == ["0", "2", "4"]
    train(Objective.qa, base, data, tmp_path / "stopped", probe())
    assert rows(tmp_path / "stopped") == rows(tmp_path / "whole")
    for name in ("weights", "weights_best"):
        assert (tmp_path / "stopped" / name).exists() == (tmp_path / "whole" / name).exists()
        assert same(tmp_path / "stopped" / name, tmp_path / "whole" / name)


def made(into: Path, accuracies: dict[int, float]) -> None:
    """A finished stage with one candidate per improvement, as a run leaves it before it settles."""
    (into / "weights").mkdir(parents=True)
    (into / "weights" / "delta").write_text(f"step {max(accuracies)}")
    with (into / "probes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["step", "n", "accuracy"], [0, 9, 0.99], *([s, 9, a] for s, a in accuracies.items())])
    best = -1.0
    for step, accuracy in accuracies.items():
        if accuracy > best:
            best = accuracy
            (into / f"best-{step}").mkdir()
            (into / f"best-{step}" / "delta").write_text(f"step {step}")


@pytest.mark.parametrize(
    ("keep", "left"),
    [(Keep.last, {"weights": 6, "weights_best": 4}), (Keep.best, {"weights": 4, "weights_last": 6})],
)
def test_the_best_step_is_kept_beside_the_last_or_in_its_place(keep: Keep, left: dict[str, int], tmp_path: Path) -> None:
    made(tmp_path, {2: 0.3, 4: 0.5, 6: 0.4})
    assert dev_probe.settle(tmp_path, probe(keep=keep)) == 4
    (tmp_path / "weights" / "delta").write_text("step 6")  # killed before its record was written, the stage exports its end again
    assert dev_probe.settle(tmp_path, probe(keep=keep)) == 4
    dev_probe.clean(tmp_path)
    assert {path.parent.name: int(path.read_text().split()[1]) for path in tmp_path.glob("*/delta")} == left


def test_the_base_is_no_candidate_and_a_tie_goes_to_the_earlier_step(tmp_path: Path) -> None:
    made(tmp_path, {2: 0.5, 4: 0.5, 6: 0.4})
    assert dev_probe.settle(tmp_path, probe()) == 2


def test_the_last_step_as_the_best_one_is_not_kept_twice(tmp_path: Path) -> None:
    made(tmp_path, {2: 0.3, 6: 0.4})
    assert dev_probe.settle(tmp_path, probe()) == 6
    dev_probe.clean(tmp_path)
    assert not (tmp_path / "weights_best").exists()


def test_lost_weights_of_the_best_step_are_an_error(tmp_path: Path) -> None:
    made(tmp_path, {2: 0.3, 4: 0.5, 6: 0.4})
    shutil.rmtree(tmp_path / "best-4")
    with pytest.raises(GemmaAudioError, match="best-4 is gone"):
        dev_probe.settle(tmp_path, probe(keep=Keep.best))


def test_the_record_says_which_step_was_best(base: Model, data: Path, tmp_path: Path) -> None:
    train(Objective.qa, base, data, tmp_path, probe())
    record = json.loads((tmp_path / "training.json").read_text())
    accuracies = {int(row["step"]): float(row["accuracy"]) for row in rows(tmp_path)[1:]}
    assert accuracies[record["best_dev_step"]] == max(accuracies.values())
    assert record["kept"] == "last"
    assert not list(tmp_path.glob("best-*"))
