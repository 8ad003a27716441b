"""Walking a recipe: data, stages, evaluation, each link through the store and each named after the one before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemma_audio.config.schema import BenchmarkKind, Config, Stage
from gemma_audio.sweep.code import Code
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
    code: Code

    def data(self) -> Identity | None:
        """The data product; None where neither a stage nor the benchmark needs it."""
        if not self.config.recipe.stages and self.config.evaluation.benchmark is not BenchmarkKind.embedded:
            return None
        return Identity("data", self.rooms.world_identity(self.config.data), code=self.code.data)

    def base(self) -> Ref:
        """The base weights."""
        return Ref.of({"model": self.rooms.model_identity(self.config.model)})

    def stage(self, stage: Stage, parent: Ref) -> Identity:
        """A stage trained on top of `parent`; the seed stands in the stage."""
        named = plain(stage) | {"trains": sorted(stage.trains), "sources": sorted(stage.sources)}
        body = {"stage": named, "data": self._data_without("dev", "test"), "trainer": plain(self.config.trainer)}
        return Identity(stage.name, body, parent, self.code.training)

    def evaluation(self, weights: Ref) -> Identity:
        """The evaluation of `weights`: no seed and no recipe in it, so that equal weights are evaluated once."""
        config = self.config.evaluation
        data = self._data_without("clips", "dev" if config.split == "test" else "test")
        body = {
            "evaluation": self.rooms.evaluation_identity(config, data),
            "trainer": plain(self.config.trainer),
        }
        return Identity("eval", body, weights, self.code.evaluation)

    def _data_without(self, *sizes: str) -> dict[str, Any] | None:
        """The data's identity less the sizes of splits that a link does not read: more questions train nothing anew."""
        data = self.data()
        return {key: value for key, value in data.body.items() if key not in sizes} if data else None


def build_data(links: Links, store: Store, workers: int) -> Stored | None:
    """The data product of a config, built if it is missing; None where none is needed."""
    identity = links.data()
    if identity is None:
        return None
    return store.get_or_build(identity, lambda into: links.rooms.world_build(links.config.data, into, workers))


def walk(links: Links, store: Store, watch: Watch, workers: int = 1) -> Walked:
    """Make or reuse every link of the chain, in order. Raises StoreError, and whatever a room raises."""
    data = build_data(links, store, workers)
    walker, parent = _Walker(links, store, watch, data.path if data else None), links.base()
    for stage in links.config.recipe.stages.values():
        parent = walker.train(stage, parent)
    walker.walked.run = parent.fingerprint
    walker.evaluate(parent)
    return walker.walked


@dataclass
class _Walker:
    links: Links
    store: Store
    watch: Watch
    data: Path | None
    walked: Walked = field(default_factory=Walked)

    def train(self, stage: Stage, parent: Ref) -> Ref:
        """Make or reuse one stage and append it to the chain."""

        def build(into: Path) -> None:
            self.watch.began(stage.name, "training")
            log = self.watch.log
            work = self._work(into) | {"log": lambda step, metrics: log(stage.name, step, metrics)}
            record = self.links.rooms.train(stage, **work)  # its seconds add up over the attempts that a stage took
            (into / "cost.json").write_text(json.dumps({"seconds": record["seconds"]}) + "\n")

        stored = self.store.get_or_build(self.links.stage(stage, parent), build)
        self._reused(stage.name, stored)
        self.watch.sealed(stage.name, stored)
        self.walked.stages.append(_record(stage, stored))
        self.walked.chain.append(stored.path)
        return stored.ref

    def evaluate(self, weights: Ref) -> None:
        """Make or reuse the evaluation of the chain."""

        def build(into: Path) -> None:
            self.watch.began("evaluation", "answering")
            self.links.rooms.evaluate(self.links.config.evaluation, **self._work(into))

        self.walked.evaluation = self.store.get_or_build(self.links.evaluation(weights), build)
        self._reused("evaluation", self.walked.evaluation)

    def _work(self, into: Path) -> dict[str, Any]:
        config = self.links.config
        what = {"model": config.model, "data_folder": self.data, "trainer": config.trainer, "chain": tuple(self.walked.chain)}
        return {**what, "into": into, "progress": self.watch.progress}

    def _reused(self, name: str, stored: Stored) -> None:
        if stored.reused:
            self.watch.began(name, "reused")


def _record(stage: Stage, stored: Stored) -> dict[str, Any]:
    """One entry of result.json's stages; `seconds` is what making it cost, also where it is reused."""
    cost = json.loads((stored.path / "cost.json").read_text())
    action = "reused" if stored.reused else "trained"
    return {"name": stage.name, "fingerprint": stored.ref.fingerprint, "action": action, "steps": stage.steps, **cost}
