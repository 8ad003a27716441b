"""Walking a recipe: data, stages, evaluation, each link through the store and each named after the one before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemma_audio.config.schema import BenchmarkKind, Config, Stage
from gemma_audio.sweep.code import EVALUATION, TRAINING, code
from gemma_audio.sweep.fingerprint import Identity, Ref, plain
from gemma_audio.sweep.rooms import Rooms
from gemma_audio.sweep.store import Store, Stored


@dataclass(frozen=True)
class Watch:
    """Who is told what happens: a step of work began, it advanced, a stage logged figures, a stage's folder is sealed."""

    began: Callable[[str, str], None] = lambda name, action: None
    progress: Callable[[int, int, dict[str, Any]], None] = lambda done, total, figures: None
    log: Callable[[str, int, dict[str, float]], None] = lambda stage, step, figures: None
    sealed: Callable[[str, Stored], None] = lambda stage, stored: None


@dataclass
class Walked:
    """What a walk ends with: records for result.json, the sealed stage folders, the weights' fingerprint, the evaluation."""

    stages: list[dict[str, Any]] = field(default_factory=list)
    chain: list[Path] = field(default_factory=list)
    run: str = ""
    evaluation: Stored | None = None


@dataclass(frozen=True)
class Links:
    """The identities of the links of one config's chain."""

    config: Config
    rooms: Rooms

    def data(self) -> Identity | None:
        """The data product; None where neither a stage nor the benchmark needs it."""
        if not self.config.recipe.stages and self.config.evaluation.benchmark is not BenchmarkKind.embedded:
            return None
        return Identity("data", self.rooms.world_identity(self.config.data))

    def base(self) -> Ref:
        """The base weights."""
        return Ref.of({"model": self.rooms.model_identity(self.config.model)})

    def stage(self, stage: Stage, parent: Ref) -> Identity:
        """A stage trained on top of `parent`; the seed stands in the stage."""
        data = self.data()
        body = {"stage": plain(stage), "data": data.body if data else None, "trainer": plain(self.config.trainer)}
        return Identity(stage.name, body, parent, code(TRAINING))

    def evaluation(self, weights: Ref) -> Identity:
        """The evaluation of `weights`: no seed and no recipe in it, so that equal weights are evaluated once."""
        data, config = self.data(), self.config.evaluation
        body = {
            "evaluation": self.rooms.evaluation_identity(config, dict(data.body) if data else None),
            "trainer": plain(self.config.trainer),
        }
        return Identity("eval", body, weights, code(EVALUATION))


def build_data(config: Config, rooms: Rooms, store: Store, workers: int) -> Stored | None:
    """The data product of `config`, built if it is missing; None where none is needed."""
    identity = Links(config, rooms).data()
    if identity is None:
        return None
    return store.get_or_build(identity, lambda into: rooms.world_build(config.data, into, workers))


def walk(config: Config, rooms: Rooms, store: Store, watch: Watch, workers: int = 1) -> Walked:
    """Make or reuse every link of `config`'s chain, in order. Raises StoreError, and whatever a room raises."""
    links, walked = Links(config, rooms), Walked()
    data = build_data(config, rooms, store, workers)
    folder = data.path if data else None
    parent = links.base()
    for stage in config.recipe.stages.values():
        stored = _train(links.stage(stage, parent), stage, folder, walked.chain, config, rooms, store, watch)
        walked.stages.append(_record(stage, stored))
        walked.chain.append(stored.path)
        parent = stored.ref
    walked.run = parent.fingerprint
    walked.evaluation = _evaluate(links.evaluation(parent), folder, walked.chain, config, rooms, store, watch)
    return walked


def _train(
    identity: Identity,
    stage: Stage,
    data: Path | None,
    chain: list[Path],
    config: Config,
    rooms: Rooms,
    store: Store,
    watch: Watch,
) -> Stored:
    def build(into: Path) -> None:
        watch.began(stage.name, "training")
        began = time.monotonic()
        rooms.train(
            stage,
            model=config.model,
            data_folder=data,
            trainer=config.trainer,
            chain=tuple(chain),
            into=into,
            log=lambda step, figures: watch.log(stage.name, step, figures),
            progress=watch.progress,
        )
        (into / "cost.json").write_text(json.dumps({"seconds": round(time.monotonic() - began, 2)}) + "\n")

    stored = store.get_or_build(identity, build)
    if stored.reused:
        watch.began(stage.name, "reused")
    watch.sealed(stage.name, stored)
    return stored


def _evaluate(
    identity: Identity, data: Path | None, chain: list[Path], config: Config, rooms: Rooms, store: Store, watch: Watch
) -> Stored:
    def build(into: Path) -> None:
        watch.began("evaluation", "answering")
        rooms.evaluate(
            config.evaluation,
            model=config.model,
            data_folder=data,
            trainer=config.trainer,
            chain=tuple(chain),
            into=into,
            progress=watch.progress,
        )

    stored = store.get_or_build(identity, build)
    if stored.reused:
        watch.began("evaluation", "reused")
    return stored


def _record(stage: Stage, stored: Stored) -> dict[str, Any]:
    """One entry of result.json's stages; `seconds` is what making it cost, also where it is reused."""
    cost = json.loads((stored.path / "cost.json").read_text())
    action = "reused" if stored.reused else "trained"
    return {"name": stage.name, "fingerprint": stored.ref.fingerprint, "action": action, "steps": stage.steps, **cost}
