"""What a stage takes of the device's memory, by part, before anything is loaded or allocated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gemma_audio.config.kinds import Method, Objective
from gemma_audio.config.schema import Config, Evaluation, Model, Stage, Trainer
from gemma_audio.models import host_embedding
from gemma_audio.models.prefixes import VISION, WRAPPED, part_of
from gemma_audio.training import fake_step
from gemma_audio.training.fake_net import architecture, skeleton
from gemma_audio.training.fake_step import Shape
from gemma_audio.training.trainables import Trainables

CONTEXT = 600_000_000
"""Bytes that CUDA, its libraries' workspaces and an allocator's rounding take; an allowance, not computed."""

CAPTION = 100
"""Tokens of a long caption, all of them supervised."""

FLOAT = 4
MOMENTS = 2
ANSWERED = (Objective.caption, Objective.qa, Objective.alignment)
DEVICE, HOST, DISK = "device", "host", "disk"


@dataclass(frozen=True)
class Line:
    """One part: its bytes, and where they lie. Evaluation and checkpoint come on their own, not on top of a training step."""

    part: str
    bytes: int
    place: str = DEVICE
    summed: bool = True

    @property
    def trains(self) -> bool:
        """Whether a training step needs it on the device."""
        return self.summed and self.place == DEVICE


@dataclass(frozen=True)
class Case:
    """All that decides what a stage takes."""

    model: Model
    stage: Stage
    trainer: Trainer
    evaluation: Evaluation
    shape: Shape

    @property
    def mixed(self) -> bool:
        return self.trainer.precision == "bf16-mixed"

    def net(self) -> Any:
        """The model on the meta device."""
        config = architecture(self.model)
        assert config is not None, f"{self.model.source} is not known"
        return skeleton(config, self.model.dtype, self.trainer.savings)

    def saving(self, name: str) -> Case:
        """The same with one saving more."""
        wanted: dict[str, Any] = {name: True}
        return replace(self, trainer=replace(self.trainer, savings=replace(self.trainer.savings, **wanted)))


def known(model: Model) -> bool:
    """Return whether the model's architecture is known here, so that a plan of it can be made."""
    return architecture(model) is not None


def longest(config: Config, stage: Stage) -> Case:
    """Return the stage with its longest micro-batch, as far as it is known before the data is: the longest sound there can be."""
    rows = min(stage.micro_batch_size, stage.batch_size)
    shape = Shape(rows, answer=CAPTION) if stage.objective == Objective.caption else Shape(rows)
    return Case(config.model, stage, config.trainer, config.evaluation, shape)


def lines(case: Case) -> list[Line]:
    """Return every part of the stage, the step's peak at the longest batch included."""
    return [*static(case), *_step(case), *_evaluation(case)]


def total(found: Iterable[Line]) -> int:
    """Return the bytes of the device that a training step needs in all."""
    return sum(line.bytes for line in found if line.trains)


def static(case: Case) -> Iterator[Line]:
    """What lies there between two batches: weights by part, gradients, the optimizer's numbers, and a checkpoint on disk."""
    trainables = Trainables(case.net(), case.stage, case.trainer.savings)
    yield from _weights(case, trainables)
    numbers = sum(parameter.numel() for parameter in trainables.net.parameters() if parameter.requires_grad)
    yield Line("gradients", FLOAT * numbers)
    yield Line("optimizer (AdamW, two numbers a weight)", FLOAT * MOMENTS * numbers)
    yield Line("CUDA context and rounding (allowance)", CONTEXT)
    yield Line("checkpoint", FLOAT * (1 + MOMENTS) * numbers, DISK)


def _weights(case: Case, trainables: Trainables) -> Iterator[Line]:
    kept = case.trainer.savings.cached_features and trainables.hears_frozen()
    parts: Counter[str] = Counter()
    for name, parameter in trainables.net.named_parameters():
        parts[_part(name)] += 0 if kept and _part(name) == "audio tower" else parameter.nbytes
    yield from (Line(f"weights: {part}", size) for part, size in parts.items() if size)
    tables = [module for module in trainables.net.modules() if isinstance(module, host_embedding.HostEmbedding)]
    yield from (Line("weights: per-layer table", table.weight.nbytes, HOST) for table in tables)


def _step(case: Case) -> Iterator[Line]:
    if case.stage.objective in ANSWERED:
        cost = fake_step.train(case.net(), case.stage, case.trainer.savings, case.shape, mixed=case.mixed)
        yield Line(f"activations and logits at {case.shape.rows} x {case.shape.tokens} tokens", cost.peak)


def _evaluation(case: Case) -> Iterator[Line]:
    """An evaluation runs by itself, the adapter beside its layers: it needs no gradient and no optimizer."""
    shape = replace(case.shape, rows=case.evaluation.batch_size)
    cost = fake_step.evaluate(case.net(), shape, cache=case.evaluation.method is not Method.letter, mixed=case.mixed)
    wrapped = Trainables(case.net(), case.stage, case.trainer.savings).net
    weights = sum(parameter.nbytes for parameter in wrapped.parameters())
    part = f"evaluation of {shape.rows} x {shape.tokens} tokens, its weights included"
    yield Line(part, cost.peak + weights + CONTEXT, summed=False)


def _part(name: str) -> str:
    if ".lora_" in name:
        return "adapter"
    part = part_of(name.removeprefix(WRAPPED)) or VISION
    if part == "per_layer_embedding":
        return "per-layer table"
    return "token embedding" if "embed_tokens." in name else part.replace("_", " ")
