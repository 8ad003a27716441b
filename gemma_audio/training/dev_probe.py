"""In-training probe: dev questions answered while a stage trains, by the very evaluation code, and the best weights kept.

The questions are a split of their own, never the reported benchmark: the best of ten looks at the benchmark itself is worth about
a point that the base never gets.
"""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import Callback

from gemma_audio.config.kinds import Keep
from gemma_audio.config.schema import Probe
from gemma_audio.errors import GemmaAudioError
from gemma_audio.evaluation.item import Benchmark
from gemma_audio.evaluation.memory import Batches
from gemma_audio.evaluation.predict import predict
from gemma_audio.evaluation.sounds import Sounds
from gemma_audio.evaluation.table import Scored, score
from gemma_audio.training.module import StageModule

PROBES, BEST = "probes.csv", "best-"
CANDIDATES = 2  # the newest improvement, and the one before it: a checkpoint is taken at every probe, so no older one is needed


class DevProbe(Callback):
    """Answers `benchmark` before the first step, every `probe.every` steps and after the last; one row a time in probes.csv.

    Row: step, n, official accuracy over all of n, then over each subcategory. Weights better than all before are exported to
    `into`/best-STEP. No training state changes: the same run without probes ends in the same bits.
    """

    def __init__(self, probe: Probe, benchmark: Benchmark, into: Path, source: str, start: int) -> None:
        self.every, self.evaluation, self.benchmark = probe.every, probe.evaluation, benchmark
        self.into, self.source = into, source
        self.subcategories = sorted({item.subcategory for item in benchmark.items})
        self._batches = Batches(probe.evaluation.batch_size)
        self._sounds: Sounds | None = None  # heard once, for all probes
        self._columns = ["step", "n", "accuracy", *self.subcategories]
        kept = [row for row in read(into) if int(row["step"]) <= start]
        self._write(kept)
        self._best = max((float(row["accuracy"]) for row in kept if int(row["step"]) > 0), default=-1.0)
        for folder, step in _candidates(into):
            if step > start:
                shutil.rmtree(folder)

    def on_train_start(self, trainer: Any, module: Any) -> None:
        """Probe the weights that the stage starts from, unless an earlier attempt did."""
        if module.start == 0 and not read(self.into):
            self._probe(module, 0)

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: int, batch_idx: int) -> None:
        """Probe where it is due; Lightning calls this before the module's own hook, which then saves."""
        done = batch + 1
        if done % self.every == 0 or done == module.steps:
            module.metrics.flush()
            self._probe(module, done)

    def _probe(self, module: StageModule, step: int) -> None:
        began = time.perf_counter()
        with module.listening():
            sounds = self._sounds = self._sounds or Sounds(self.benchmark, module.examples.encoder, module.hearing)
            predictions = predict(
                self.evaluation, self.benchmark, module.base, module.examples.encoder, batches=self._batches, sounds=sounds.of
            )
        row = self._row(step, score(predictions))
        self._write([*read(self.into), row])
        if step and float(row["accuracy"]) > self._best:
            self._best = float(row["accuracy"])
            self._keep(module, step)
        module.metrics.log(step, {"dev/accuracy": float(row["accuracy"])})
        module.leave_out(time.perf_counter() - began)

    def _row(self, step: int, scored: Sequence[Scored]) -> dict[str, str]:
        right: dict[str, list[bool]] = {name: [] for name in self.subcategories}
        for entry in scored:
            right[entry.prediction.presented.item.subcategory].append(entry.official)
        means = {name: _text(sum(given) / len(given)) for name, given in right.items()}
        accuracy = sum(entry.official for entry in scored) / len(scored)
        return {"step": str(step), "n": str(len(scored)), "accuracy": _text(accuracy), **means}

    def _keep(self, module: StageModule, step: int) -> None:
        partial = self.into / f".{BEST}{step}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        module.trainables.export(partial, self.source)
        shutil.rmtree(self.into / f"{BEST}{step}", ignore_errors=True)
        partial.rename(self.into / f"{BEST}{step}")
        for folder, _ in _candidates(self.into)[:-CANDIDATES]:
            shutil.rmtree(folder)

    def _write(self, rows: Sequence[dict[str, str]]) -> None:
        self.into.mkdir(parents=True, exist_ok=True)
        partial = self.into / f".{PROBES}.partial"
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns)
            writer.writeheader()
            writer.writerows(rows)
        partial.replace(self.into / PROBES)


def read(into: Path) -> list[dict[str, str]]:
    """The rows of probes.csv; none where there is no such file."""
    if not (into / PROBES).exists():
        return []
    with (into / PROBES).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def settle(into: Path, probe: Probe) -> int | None:
    """Put the best weights of a stage whose `weights` are the last step's in their place; returns the best step.

    With keep=best they become `weights` and the last step's `weights_last`; else they lie beside, as `weights_best`. Nothing is
    moved where both are the same step. The candidates stay until `clean`, so that a stage killed in between can do this again.
    Raises GemmaAudioError where probes.csv names a best step whose weights are gone.
    """
    rows = [row for row in read(into) if int(row["step"]) > 0]
    if not rows:
        return None
    best = max(rows, key=lambda row: (float(row["accuracy"]), -int(row["step"])))
    step, last = int(best["step"]), int(rows[-1]["step"])
    if step == last:
        return step
    source = into / f"{BEST}{step}"
    if not source.is_dir():
        raise GemmaAudioError(f"{source} is gone, the weights of the best dev accuracy; remove {into} and train the stage anew")
    if probe.keep is Keep.best:
        _replace(into / "weights", into / "weights_last")
    _replace(source, into / ("weights" if probe.keep is Keep.best else "weights_best"))
    return step


def clean(into: Path) -> None:
    """Remove the candidates, once the weights that came of them are safe."""
    for folder, _ in _candidates(into):
        shutil.rmtree(folder)


def _replace(source: Path, target: Path) -> None:
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _candidates(into: Path) -> list[tuple[Path, int]]:
    found = [(folder, int(folder.name.removeprefix(BEST))) for folder in into.glob(f"{BEST}*") if folder.is_dir()]
    return sorted(found, key=lambda pair: pair[1])


def _text(value: float) -> str:
    return f"{value:.6g}"
