"""Walking a recipe: data, stages, evaluation, each link through the store and each named after the one before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import BenchmarkKind, DataKind, Keep
from gemma_audio.config.plugins import load
from gemma_audio.config.schema import SPLITS, Config, Data, Evaluation, Stage
from gemma_audio.sweep.code import Code
from gemma_audio.sweep.curve import Curve
from gemma_audio.sweep.fingerprint import Identity, Ref, plain
from gemma_audio.sweep.rooms import Rooms
from gemma_audio.sweep.store import Store, Stored


@dataclass(frozen=True)
class Watch:
    """Who is told what happens: a step of work began, it advanced, a stage logged figures, its folder is sealed; or a line."""

    began: Callable[[str, str], None] = lambda name, action: None
    progress: Callable[[int, int, dict[str, Any]], None] = lambda done, total, figures: None
    log: Callable[[str, int, dict[str, float]], None] = lambda stage, step, figures: None
    sealed: Callable[[str, Stored], None] = lambda stage, stored: None
    say: Callable[[str], None] = lambda line: None


@dataclass
class Walked:
    """What a walk ends with: records for result.json, the sealed stage folders, the weights' fingerprint, the evaluation.

    `world` is the folder of the embedded benchmark, where that was answered.
    """

    stages: list[dict[str, Any]] = field(default_factory=list)
    chain: list[Path] = field(default_factory=list)
    run: str = ""
    evaluation: Stored | None = None
    world: Path | None = None


@dataclass(frozen=True)
class Links:
    """The identities of the links of one config's chain. Files are read for them once, also for the child that gets a copy."""

    config: Config
    rooms: Rooms
    code: Code

    @cached_property
    def data(self) -> Identity | None:
        """The product that stages are trained on; None where there is no stage."""
        return self._product(self.config.data) if self.config.recipe.stages else None

    @cached_property
    def world(self) -> Identity | None:
        """The product that holds the embedded benchmark; None for any other benchmark."""
        if self.config.evaluation.benchmark != BenchmarkKind.embedded:
            return None
        return self._product(self.benchmark_data)

    @cached_property
    def probed(self) -> Identity | None:
        """The product that holds the embedded dev questions of the probe; None without a probe, or for one of other questions."""
        probe = self.config.probe if self.config.recipe.stages else None
        if probe is None or probe.evaluation.benchmark != BenchmarkKind.embedded:
            return None
        return self._product(self.benchmark_data)

    @property
    def benchmark_data(self) -> Data:
        """The world behind the embedded benchmark: the data themselves, or one without training clips beside the user's own."""
        data = self.config.data
        return data if data.kind == DataKind.embedded else replace(data, kind=DataKind.embedded, clips=0)

    def products(self) -> list[tuple[Identity, Data]]:
        """The data products that the chain needs, each once, with the settings that they are built from."""
        found = [(self.data, self.config.data), (self.world, self.benchmark_data), (self.probed, self.benchmark_data)]
        return list({made.name: (made, data) for made, data in found if made}.values())

    def base(self) -> Ref:
        """The base weights."""
        return Ref.of({"model": self.rooms.model_identity(self.config.model)})

    def stage(self, stage: Stage, parent: Ref) -> Identity:
        """A stage trained on top of `parent`; the seed stands in the stage."""
        share = {"share": stage.mix.share} if stage.mix.share != 1 else {}  # a whole mix is named as it always was
        named = plain(stage) | {"trains": sorted(stage.trains), "mix": {"sources": sorted(stage.mix.sources), **share}}
        body = {"stage": named, "data": _without(self.data, *SPLITS), "trainer": plain(self.config.trainer), "probe": self._probe}
        own = {**self.own_code("objective", stage.objective), **self.own_code("corpus", self.config.data.kind)}
        return Identity(stage.name, body, parent, {**self.code.training, **own})

    def evaluation(self, weights: Ref) -> Identity:
        """The evaluation of `weights`: no seed and no recipe in it, so that equal weights are evaluated once."""
        body = {"evaluation": self._asked, "trainer": plain(self.config.trainer)}
        own = self.own_code("benchmark", self.config.evaluation.benchmark)
        return Identity("eval", body, weights, {**self.code.evaluation, **own})

    def own_code(self, kind: str, name: str) -> Mapping[str, str]:
        """The code of the plugin that brings a piece; none where the piece is built in."""
        piece = load(self.config.plugins).find(kind, name)
        return self.code.plugins.get(piece.plugin, {}) if piece else {}

    def _product(self, data: Data) -> Identity:
        own = {**self.code.files, **self.own_code("corpus", data.kind)}
        body = self.rooms.data_identity(data, self.config.plugins)
        return Identity("data", body, code=self.code.data if data.kind == DataKind.embedded else own)

    @cached_property
    def _asked(self) -> Mapping[str, Any]:
        return self._questions(self.config.evaluation, self.world)

    @cached_property
    def _probe(self) -> Mapping[str, Any] | None:
        """What the probe decides: nothing, unless its best step's weights are kept. What was trained unprobed is reused."""
        probe = self.config.probe
        if probe is None or probe.keep is Keep.last:
            return None
        asked = self._questions(probe.evaluation, self.probed)
        return {"every": probe.every, "evaluation": asked}

    def _questions(self, evaluation: Evaluation, world: Identity | None) -> Mapping[str, Any]:
        read = _without(world, "clips", *(split for split in SPLITS if split != evaluation.split))
        return self.rooms.evaluation_identity(evaluation, read)


def _without(data: Identity | None, *sizes: str) -> dict[str, Any] | None:
    """The identity of a product less the sizes of splits that a link does not read: more questions train nothing anew."""
    return {key: value for key, value in data.body.items() if key not in sizes} if data else None


def build_data(links: Links, store: Store, workers: int) -> dict[str, Stored]:
    """The data products of a config by name, built where they are missing."""
    made = {}
    for identity, data in links.products():
        made[identity.name] = store.get_or_build(identity, partial(_timed, partial(_build, links, data, workers)))
    return made


def _build(links: Links, data: Data, workers: int, into: Path) -> None:
    links.rooms.data_build(data, into, workers, links.config.plugins)


def walk(links: Links, store: Store, watch: Watch, workers: int = 1) -> Walked:
    """Make or reuse every link of the chain, in order. Raises StoreError, and whatever a room raises."""
    walker, parent = _Walker(links, store, watch, build_data(links, store, workers)), links.base()
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
    data: Mapping[str, Stored]
    walked: Walked = field(default_factory=Walked)

    def train(self, stage: Stage, parent: Ref) -> Ref:
        """Make or reuse one stage and append it to the chain."""

        def build(into: Path) -> None:
            self.watch.began(stage.name, "training")
            curve = Curve(into / "metrics.csv", partial(self.watch.log, stage.name))
            work = self._work(into, self.links.data) | {"log": curve, "say": self.watch.say} | self._probe()
            record = self.links.rooms.train(stage, **work)
            curve.finish()
            _cost(into, record["seconds"])  # they add up over the attempts that a stage took

        stored = self.store.get_or_build(self.links.stage(stage, parent), build)
        self._reused(stage.name, stored)
        self.watch.sealed(stage.name, stored)
        self.walked.stages.append(_record(stage, stored))
        self.walked.chain.append(stored.path)
        return stored.ref

    def evaluate(self, weights: Ref) -> None:
        """Make or reuse the evaluation of the chain."""
        self.walked.world = self.data[self.links.world.name].path if self.links.world else None

        def build(into: Path) -> None:
            self.watch.began("evaluation", "answering")
            self.links.rooms.evaluate(self.links.config.evaluation, **self._work(into, self.links.world))

        self.walked.evaluation = self.store.get_or_build(self.links.evaluation(weights), build)
        self._reused("evaluation", self.walked.evaluation)

    def _work(self, into: Path, data: Identity | None) -> dict[str, Any]:
        config, folder = self.links.config, self.data[data.name].path if data else None
        what = {"model": config.model, "data_folder": folder, "trainer": config.trainer, "chain": tuple(self.walked.chain)}
        here = {"into": into, "features": self.store.root / "features"}
        return {**what, **here, "progress": self.watch.progress, "plugins": tuple(config.plugins)}

    def _probe(self) -> dict[str, Any]:
        probed = self.links.probed
        folder = self.data[probed.name].path if probed else None
        return {"probe": self.links.config.probe, "probe_folder": folder} if self.links.config.probe else {}

    def _reused(self, name: str, stored: Stored) -> None:
        if stored.reused:
            self.watch.began(name, "reused")


def _timed(build: Callable[[Path], object], into: Path) -> None:
    began = time.monotonic()
    build(into)
    _cost(into, time.monotonic() - began)


def _cost(into: Path, seconds: float) -> None:
    (into / "cost.json").write_text(json.dumps({"seconds": round(seconds, 3)}) + "\n")


def _record(stage: Stage, stored: Stored) -> dict[str, Any]:
    """One entry of result.json's stages; `seconds` is what making it cost, also where it is reused."""
    cost = json.loads((stored.path / "cost.json").read_text())
    action = "reused" if stored.reused else "trained"
    rates = {"lr": stage.optim.lr, "lr_by_part": dict(stage.optim.lr_by_part)}
    return {"name": stage.name, "fingerprint": stored.ref.fingerprint, "action": action, "steps": stage.steps, **rates, **cost}
