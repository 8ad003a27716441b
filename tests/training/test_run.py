from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from training_cases import make_stage, train

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Model, Trainer
from gemma_audio.models.load import load
from gemma_audio.sweep.fingerprint import Identity, Ref
from gemma_audio.sweep.store import Store
from gemma_audio.training import run
from gemma_audio.training.checkpoint import SealedCheckpoints

BOTH = [Objective.caption, Objective.qa]


class Stopped(Exception):
    """Stands for anything that ends a run in the middle."""


def stop_at(step: int) -> Callable[..., None]:
    def log(at: int, _: dict[str, float]) -> None:
        if at == step:
            raise Stopped

    return log


def digest(into: Path) -> str:
    total = hashlib.sha256()
    for path in sorted((into / "weights").rglob("*.safetensors")):
        total.update(path.relative_to(into).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def whole(base: Model, data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Objective, Path]:
    """The folder of a run of either objective that nobody interrupted."""
    folders = {objective: tmp_path_factory.mktemp(objective.value) for objective in BOTH}
    for objective, folder in folders.items():
        train(make_stage(objective), base, data, folder)
    return folders


def test_a_finished_run_leaves_weights_record_and_metrics(whole: dict[Objective, Path], base: Model) -> None:
    for objective, files in ((Objective.caption, {"delta.safetensors"}), (Objective.qa, {"adapter"})):
        into = whole[objective]
        assert {path.name for path in into.iterdir()} == {"weights", "metrics.csv", "training.json", "checkpoints"}
        assert {path.name for path in (into / "weights").iterdir()} == files
        record = json.loads((into / "training.json").read_text())
        assert (record["steps"], record["micro_batch_size"], record["damaged_checkpoints"]) == (6, 2, [])
        rows = list(csv.DictReader((into / "metrics.csv").open()))
        assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5, 6]
        assert all(float(row["grad_norm"]) > 0 and float(row["tokens_per_second"]) > 0 for row in rows)
        assert [float(row["lr"]) for row in rows[:3]] == pytest.approx([5e-4, 1e-3, 1e-3])
    config = json.loads((whole[Objective.qa] / "weights" / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == base.source


def test_a_finished_run_is_not_run_again(whole: dict[Objective, Path], base: Model, data: Path) -> None:
    record = json.loads((whole[Objective.qa] / "training.json").read_text())
    assert train(make_stage(Objective.qa), base, data, whole[Objective.qa], no_steps) == record


def no_steps(*_: Any) -> None:
    raise AssertionError("trained again")


HARMS: dict[str, Callable[[Path], None]] = {
    "truncated weights": lambda into: (into / "weights/adapter/adapter_model.safetensors").write_bytes(b"x"),
    "lost weights": lambda into: (into / "weights/adapter/adapter_model.safetensors").unlink(),
    "a changed adapter config": lambda into: (into / "weights/adapter/adapter_config.json").write_text("{}"),
    "a broken record": lambda into: (into / "training.json").write_text('{"schema": 1, "we'),
}


@pytest.mark.parametrize("harm", HARMS)
def test_damaged_results_are_made_again_from_the_checkpoints(
    whole: dict[Objective, Path], base: Model, data: Path, tmp_path: Path, harm: str
) -> None:
    into = Path(shutil.copytree(whole[Objective.qa], tmp_path / "into"))
    HARMS[harm](into)
    record = train(make_stage(Objective.qa), base, data, into, no_steps)
    assert record == json.loads((whole[Objective.qa] / "training.json").read_text())
    for name in ("weights/adapter/adapter_model.safetensors", "weights/adapter/adapter_config.json", "training.json"):
        assert (into / name).read_bytes() == (whole[Objective.qa] / name).read_bytes()


def test_the_weights_are_on_the_disk_before_the_record(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, pending = set[int](), list[list[str]]()
    fsync, replace = os.fsync, os.replace

    def noted(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def checked(source: Path, target: Path) -> None:
        if Path(target).name == "training.json":
            claimed = [tmp_path, tmp_path / "metrics.csv", tmp_path / "weights", *(tmp_path / "weights").rglob("*")]
            pending.append([str(path) for path in claimed if path.stat().st_ino not in synced])
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "replace", checked)
    train(make_stage(Objective.qa, steps=1), base, data, tmp_path)
    assert pending == [[]]


def test_a_stage_damaged_between_seal_and_rename_is_finished_from_its_checkpoints(
    whole: dict[Objective, Path], base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, store = Identity("stage", {}, Ref("a" * 12, "b" * 12), {}), Store(tmp_path, say=lambda line: None)
    partial = tmp_path / f"{identity.name}.partial"
    with monkeypatch.context() as patch:
        patch.setattr("gemma_audio.sweep.store.rename", lambda *_: (_ for _ in ()).throw(Stopped()))
        with pytest.raises(Stopped):
            store.get_or_build(identity, lambda into: train(make_stage(Objective.qa), base, data, into))
    (partial / "weights/adapter/adapter_model.safetensors").write_bytes(b"x")
    path = store.get_or_build(identity, lambda into: train(make_stage(Objective.qa), base, data, into, no_steps)).path
    assert digest(path) == digest(whole[Objective.qa])
    assert not (path / "checkpoints").exists()


def test_the_stage_moves_what_it_trains_and_nothing_else(whole: dict[Objective, Path], base: Model) -> None:
    before, _ = load(base)
    after, _ = load(base, [whole[Objective.caption], whole[Objective.qa]])
    moved = {name for name, p in after.named_parameters() if not torch.equal(p, before.get_parameter(name))}
    assert any(name.startswith("model.audio_tower.") for name in moved)
    assert any(name.endswith("mlp.up_proj.weight") for name in moved)
    assert all(name.startswith(("model.audio_tower.", "model.embed_audio.")) or name.endswith("_proj.weight") for name in moved)


CAPTION, QA = BOTH


@pytest.mark.parametrize(("objective", "step"), [(CAPTION, 1), (CAPTION, 4), (CAPTION, 5), (QA, 2), (QA, 3), (QA, 5)])
def test_an_interrupted_run_ends_in_the_same_bits(
    whole: dict[Objective, Path], base: Model, data: Path, tmp_path: Path, objective: Objective, step: int
) -> None:
    with pytest.raises(Stopped):
        train(make_stage(objective), base, data, tmp_path, stop_at(step))
    assert not (tmp_path / "weights").exists()
    record = train(make_stage(objective), base, data, tmp_path)
    assert digest(tmp_path) == digest(whole[objective])
    assert record["tokens"] == json.loads((whole[objective] / "training.json").read_text())["tokens"]
    rows = list(csv.DictReader((tmp_path / "metrics.csv").open()))
    expected = list(csv.DictReader((whole[objective] / "metrics.csv").open()))
    assert [(row["step"], row["loss"], row["grad_norm"]) for row in rows] == [
        (row["step"], row["loss"], row["grad_norm"]) for row in expected
    ]


def test_the_comparison_of_bits_can_fail(whole: dict[Objective, Path], base: Model, data: Path, tmp_path: Path) -> None:
    """Negative control: a resume that skips one batch must be seen."""
    with pytest.raises(Stopped):
        train(make_stage(Objective.qa), base, data, tmp_path, stop_at(3))
    checkpoints = SealedCheckpoints(tmp_path / "checkpoints")
    state, _ = checkpoints.newest()
    assert state is not None
    checkpoints.save_checkpoint({**state, "next": state["next"] + 1}, checkpoints.path(state["next"]))
    train(make_stage(Objective.qa), base, data, tmp_path)
    assert digest(tmp_path) != digest(whole[Objective.qa])


def test_damaged_checkpoints_are_passed_over_and_reported(
    whole: dict[Objective, Path], base: Model, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        train(make_stage(Objective.qa), base, data, tmp_path, stop_at(5))
    newest = sorted((tmp_path / "checkpoints").glob("*.pt"))[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    record = train(make_stage(Objective.qa), base, data, tmp_path)
    assert digest(tmp_path) == digest(whole[Objective.qa])
    assert len(record["damaged_checkpoints"]) == 1
    assert newest.name in record["damaged_checkpoints"][0]


def test_death_between_the_last_step_and_the_weights(
    whole: dict[Objective, Path], base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run, "_finish", lambda *_: (_ for _ in ()).throw(Stopped()))
        with pytest.raises(Stopped):
            train(make_stage(Objective.caption), base, data, tmp_path)
    train(make_stage(Objective.caption), base, data, tmp_path, stop_at(-1))
    assert digest(tmp_path) == digest(whole[Objective.caption])


# One process imports everything and forks one child per run; each child kills itself in the middle of a save.
CHILDREN = """
import json, os, signal, sys
from pathlib import Path
from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Adapter, Mix, Model, Optim, Prompts, Stage, Trainer
from gemma_audio.training.run import train

def killed(job):
    stage = job["stage"]
    stage.update(objective=Objective(stage["objective"]), prompts=Prompts(**stage["prompts"]), optim=Optim(**stage["optim"]),
                 mix=Mix(**stage["mix"]),
                 adapter=Adapter(**stage["adapter"]) if stage["adapter"] else None)
    real, renames = os.replace, iter(range(1000))
    def dying(source, target):
        if Path(target).name.startswith("step-") and next(renames) == job["rename"]:
            os.kill(os.getpid(), signal.SIGKILL)
        real(source, target)
    os.replace = dying
    train(Stage(**stage), model=Model(**job["model"]), data_folder=Path(job["data"]), trainer=Trainer(name="cpu", threads=1),
          chain=[], into=Path(job["into"]), log=lambda *_: None, progress=lambda *_: None)

signals = []
for job in json.loads(sys.argv[1]):
    child = os.fork()
    if child == 0:
        try:
            killed(job)
        finally:
            os._exit(1)
    signals.append(os.WTERMSIG(os.waitpid(child, 0)[1]))
print(json.dumps(signals))
"""


def test_sigkill_inside_a_save_ends_in_the_same_bits(
    whole: dict[Objective, Path], base: Model, data: Path, tmp_path: Path
) -> None:
    jobs = [
        {"stage": asdict(make_stage(objective)), "model": asdict(base), "data": str(data), "into": str(tmp_path / objective),
         "rename": rename}
        for objective, rename in ((Objective.caption, 3), (Objective.qa, 4))
    ]  # fmt: skip
    children = subprocess.run([sys.executable, "-c", CHILDREN, json.dumps(jobs)], capture_output=True, check=False)
    assert json.loads(children.stdout or "null") == [signal.SIGKILL] * 2, children.stderr.decode()[-2000:]
    for objective in BOTH:
        assert list((tmp_path / objective / "checkpoints").glob("*.partial"))
        train(make_stage(objective), base, data, tmp_path / objective)
        assert digest(tmp_path / objective) == digest(whole[objective])


def test_the_progress_display_hears_of_every_step(base: Model, data: Path, tmp_path: Path) -> None:
    trainer = Trainer(name="cpu", threads=1)
    seen: list[tuple[int, int]] = []
    run.train(
        make_stage(Objective.qa, steps=3), model=base, data_folder=data, trainer=trainer, chain=[], into=tmp_path,
        log=lambda *_: None, progress=lambda step, steps, _: seen.append((step, steps)),
    )  # fmt: skip
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_training_is_silent(base: Model, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(make_stage(Objective.qa, steps=1), base, data, tmp_path)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
