"""One Lightning batch is one effective batch: micro-batches, out-of-memory recovery and save points live inside the step."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.utils.data import DataLoader

from gemma_audio.errors import GemmaAudioError
from gemma_audio.models import host_embedding, memory
from gemma_audio.models.feature_cache import FeatureCache
from gemma_audio.models.hearing import CachedTower, Hearing, obstacle
from gemma_audio.training import order, schedule, startup
from gemma_audio.training.buckets import micro_batches, padded
from gemma_audio.training.checkpoint import SealedCheckpoints
from gemma_audio.training.examples import Examples
from gemma_audio.training.metrics import REMEDY, Metrics
from gemma_audio.training.trainables import Trainables


class StageModule(LightningModule):
    """Trains one stage from batch `start` to batch `steps`; an objective says what its rows and its loss are.

    One whose `alters_sound` is true changes sounds at random: what a frozen tower makes of them is then never kept.
    """

    alters_sound = False

    def __init__(self, trainables: Trainables, examples: Examples, steps: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.trainables, self.examples, self.stage, self.steps = trainables, examples, examples.stage, steps
        self.net = trainables.net
        self.micro_batch_size = min(self.stage.micro_batch_size, self.stage.batch_size)
        self.start, self.tokens, self.padded, self.seconds, self._clock = 0, 0, 0, 0.0, 0.0
        self.out_of_memory: list[dict[str, int]] = []
        self._optimizer_state: dict[str, Any] | None = None
        self.hearing: Hearing | None = None
        self._heard: Counter[str] = Counter()  # in earlier attempts
        self.say: Callable[[str], None] = lambda line: None

    @property
    def base(self) -> Any:
        """The Gemma 4 model itself, without PEFT's wrapper."""
        return self.trainables.base

    @abstractmethod
    def loss_sum(self, rows: Sequence[Any]) -> Tensor:
        """Return the loss of one micro-batch, summed over its supervised tokens or labels."""

    @abstractmethod
    def weight(self, row: Any) -> int:
        """Return how many terms `row` adds to the loss."""

    def savings(self) -> dict[str, bool]:
        """Return, by the names of `trainer.savings`, which of them are in fact active in this stage."""
        return {
            "supervised_logits": False,
            "shared_kv_pruning": False,
            "factored_dora": bool(self.trainables.norms.layers),
            "cached_features": self.keeps_outputs(),
            "host_embedding": host_embedding.active(self.base),
            "without_vision": self.base.config.vision_config is None,
        }

    def keeps_outputs(self) -> bool:
        """Return whether each sound passes the audio tower once: it is frozen, wanted, and always the same sound."""
        extractor = self.examples.encoder.processor.feature_extractor
        wanted = self.trainables.savings.cached_features and not self.alters_sound and not obstacle(extractor)
        return wanted and self.trainables.hears_frozen()

    def begin(
        self, checkpoints: SealedCheckpoints, metrics: Metrics, features: FeatureCache, probe_every: int | None = None
    ) -> None:
        """Say where checkpoints, figures and a frozen tower's outputs go, and how often the model is probed, if it is.

        Call it once, before the fit.
        """
        self.checkpoints, self.metrics, self.features, self.probe_every = checkpoints, metrics, features, probe_every

    def hear(self) -> None:
        """Put outputs in a frozen tower's place, those of all clips of the stage made first. The second call does nothing."""
        if self.hearing is not None or not self.keeps_outputs():
            return
        tower, extractor = self.base.model.audio_tower, self.examples.encoder.processor.feature_extractor
        with self.precision():
            self.hearing = Hearing(tower, extractor, self.features, self.device)
        self.examples.clips.hear(self.hearing, self.examples.visited(self.steps), self.say)
        self.hearing.rest()
        self.base.model.audio_tower = CachedTower(self.hearing.dtype)

    def heard(self) -> dict[str, int]:
        """Return how many outputs were read, written, damaged or left unwritten, over all attempts at the stage."""
        return dict(sorted((self._heard + (self.hearing.cache.counts if self.hearing else Counter())).items()))

    def trained(self) -> dict[str, nn.Parameter]:
        """Return every tensor that the optimizer moves, by its name in this module."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW over the trained tensors, with its state where the run goes on."""
        optimizer = schedule.adamw({p: self.trainables.peak(p) for p in self.trained().values()}, self.stage.optim)
        if self._optimizer_state is not None:
            optimizer.load_state_dict(self._optimizer_state)
        self.trainables.norms.watch(optimizer)
        return optimizer

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the batches that are still to do, each as (number, rows)."""
        return DataLoader(_Numbers(self.steps), batch_size=None, sampler=range(self.start, self.steps))

    def on_train_start(self) -> None:
        """Set training mode by hand (from_pretrained leaves evaluation mode), hear the clips, and try the worst batch."""
        self.hear()
        self.train()
        self._parameters_trained = list(self.trained().values())
        startup.try_out(self)
        self._clock = time.perf_counter()

    def worst(self) -> list[Any]:
        """Return the rows of the batch with the longest row."""
        return max((self.examples.rows(k) for k in range(self.steps)), key=_size)

    def probe(self, rows: Sequence[Any]) -> None:
        """Run a batch forward and backward, so that memory runs out now or never. Changes no weight and no state."""
        with self.precision():
            self._gradients(-1, rows)
        self.zero_grad(set_to_none=True)

    def training_step(self, number: int, _: int) -> None:
        """Do optimizer step `number` (from 0)."""
        rows = self.examples.rows(number)
        rate = schedule.learning_rate(self.stage.optim, number, self.steps)
        loss = self._gradients(number, rows)
        norm = nn.utils.clip_grad_norm_(self._parameters_trained, self.stage.optim.grad_clip)
        optimizer: Any = self.optimizers()
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate(self.stage.optim, number, self.steps, group["peak"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        tokens = sum(len(row) for row in rows)
        self.tokens += tokens
        self.padded += padded(rows, self.micro_batch_size)
        self.metrics.record(number + 1, loss, rate, norm, tokens)

    def on_train_batch_end(self, outputs: Any, batch: int, batch_idx: int) -> None:
        """Save at the stage's save points and at the end, always between two optimizer steps.

        Raises GemmaAudioError where a figure or a trained tensor is not finite: nothing is saved or exported then.
        """
        done = batch + 1
        points = (self.stage.save_every, self.probe_every or self.steps)
        if done == self.steps or any(done % every == 0 for every in points):
            self.metrics.flush()
            self._check_weights(done)
            self.trainer.strategy.save_checkpoint(self.state(done), self.checkpoints.path(done))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """The model as it answers new sounds, which `hearing` gives where there is one; training mode afterwards."""
        self.hear()
        try:
            with self.precision():
                yield
        finally:
            if self.hearing is not None:
                self.hearing.rest()
            self.train()

    def leave_out(self, seconds: float) -> None:
        """Keep the last `seconds`, in which no step was done, out of the stage's cost and speed."""
        self._clock += seconds
        self.metrics.leave_out(seconds)

    def state(self, done: int) -> dict[str, Any]:
        """Return what a run that has done `done` steps needs to go on: tensors and plain values."""
        now = time.perf_counter()
        self.seconds, self._clock = self.seconds + now - self._clock, now
        optimizer: Any = self.optimizers()
        return {
            "next": done,
            "tensors": {name: parameter.data for name, parameter in self.trained().items()},
            "optimizer": optimizer.optimizer.state_dict(),
            "micro_batch_size": self.micro_batch_size,
            "out_of_memory": self.out_of_memory,
            "tokens": self.tokens,
            "padded": self.padded,
            "heard": self.heard(),
            "seconds": self.seconds,
        }

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state. Raises GemmaAudioError where it belongs to other tensors."""
        trained = self.trained()
        if set(trained) != set(state["tensors"]):
            raise GemmaAudioError(f"the checkpoint of stage {self.stage.name} holds other tensors; remove its checkpoints folder")
        for name, parameter in trained.items():
            parameter.copy_(state["tensors"][name])
        self.trainables.norms.stale(base=True)
        self._optimizer_state, self.start = state["optimizer"], state["next"]
        self.micro_batch_size, self.out_of_memory = state["micro_batch_size"], state["out_of_memory"]
        self.tokens, self.seconds = state["tokens"], state["seconds"]
        self.padded, self._heard = state["padded"], Counter(state["heard"])

    def _check_weights(self, done: int) -> None:
        for name, parameter in self.trained().items():
            if not parameter.isfinite().all():
                value = float(parameter.detach()[~parameter.isfinite()][0])
                raise GemmaAudioError(f"stage {self.stage.name}: after step {done} {name} holds {value}; {REMEDY}")

    def _gradients(self, number: int, rows: Sequence[Any]) -> Tensor:
        while (loss := self._attempt(number, rows)) is None:
            self._halve(number)  # outside the except block, where nothing holds the failed attempt's tensors
        return loss

    def _attempt(self, number: int, rows: Sequence[Any]) -> Tensor | None:
        try:
            return self._accumulate(number, rows)
        except (RuntimeError, MemoryError) as error:
            if not memory.is_out_of_memory(error):
                raise
        return None

    def _accumulate(self, number: int, rows: Sequence[Any]) -> Tensor:
        torch.manual_seed(order.torch_seed(self.stage.seed, number + 1))
        total = sum(self.weight(row) for row in rows)
        value = torch.zeros((), device=self.device)
        for part in micro_batches(rows, self.micro_batch_size):
            loss = self.loss_sum(part) / total
            self.manual_backward(loss)
            value += loss.detach()
        return value

    def _halve(self, number: int) -> None:
        self.zero_grad(set_to_none=True)
        memory.release()
        if self.micro_batch_size == 1:
            remedy = startup.remedy(self.stage, self.trainables.savings)
            raise GemmaAudioError(f"stage {self.stage.name}: memory runs out even with one row at a time; {remedy}")
        self.micro_batch_size = (self.micro_batch_size + 1) // 2
        self.out_of_memory.append({"step": number, "micro_batch_size": self.micro_batch_size})

    def precision(self) -> Any:
        """Return the context in which the Trainer computes."""
        return self.trainer.precision_plugin.train_step_context()


class _Numbers(torch.utils.data.Dataset[int]):
    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __getitem__(self, number: int) -> int:
        return number

    def __len__(self) -> int:
        return self.steps


def _size(rows: Sequence[Any]) -> int:
    return max(len(row) + len(row.features) for row in rows)
