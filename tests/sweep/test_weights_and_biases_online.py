"""The true wandb, logged in to a stand-in for its service on 127.0.0.1, with artifacts asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from wandb_files import login, run
from wandb_stand_in import Service, stand_in

pytest.importorskip("wandb")
WORDS = ["-m", "sweep=smoke", "recipe=encoder_only,v2", "sweep.arms=[encoder_only,v2]", "sweep.baseline=encoder_only"]
WORDS += ["sweep.treatment=v2", "seed=0", "probe=dev", "engine.parallel=1"]
WORDS += ["tracker.wandb.mode=online", "tracker.wandb.artifacts=true"]

STAGES = ((0, "encoder_retrain"), (3, "adapter_tune"))


def test_everything_arrives_and_the_lineage_leads_from_the_base_to_the_comparison(tmp_path: Path) -> None:
    with stand_in() as service:
        done = run(tmp_path, *WORDS, **login(service.url))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "to upload" not in done.stdout, "it is there already"
    told = {about["displayName"]: name for name, about in service.runs.items()}
    assert sorted(about["jobType"] for about in service.runs.values()) == ["comparison", "stage", "stage", "train", "train"]
    assert len({about["groupName"] for about in service.runs.values()}) == 1
    assert service.exits == dict.fromkeys(service.runs, 0)
    assert service.summary(told["smoke: v2 - encoder_only"])["treatment"] == "v2"
    assert all(one.committed for one in service.artifacts)
    probes = [(row["_step"], name, row[name]) for row in service.history(told["v2-seed0"]) for name in row if "dev/" in name]
    first, second = ([(start + step, f"{stage}/dev/accuracy", step / 4) for step in range(4)] for start, stage in STAGES)
    assert sorted(probes) == sorted(first + second), "also of the stage that the cell reused"
    path = ["base", "stage", "encoder_retrain", "stage", "adapter_tune", "train", "eval", "comparison"]
    assert lineage(service, told["v2-seed0"]) == [path]
    assert lineage(service, told["encoder_only-seed0"]) == [[*path[:3], *path[-3:]]]
    weights = [one.name for one in service.artifacts if one.type == "weights" for _ in one.files]
    assert len(weights) == len(set(weights)) == 2, "a stage that two cells build on is uploaded once"


def lineage(service: Service, cell: str) -> list[list[str]]:
    """Every path of artifacts and runs, by kind, that leads from the base through a cell's run to where nothing follows."""
    made = {(one, run) for run, one in service.logged if run}
    names = {one.id: one.name.rsplit("-", 1)[0] for one in service.artifacts}
    (base,) = (one.id for one in service.artifacts if one.name.startswith("base-"))
    kinds = {run: about["jobType"] for run, about in service.runs.items()}

    def after(artifact: str) -> list[list[str]]:
        takers = [run for run, used in service.used if used == artifact]
        return [[artifact, *rest] for run in takers for rest in beyond(run)] or [[artifact]]

    def beyond(run: str) -> list[list[str]]:
        given = [one for one, maker in made if maker == run and not names[one].startswith("run-")]
        return [[run, *rest] for one in given for rest in after(one)] or [[run]]

    return [[kinds.get(place) or names[place] for place in path] for path in after(base) if cell in path]
