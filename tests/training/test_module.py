from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from training_cases import gradients, hear, make_module, make_stage, worst

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Adapter, Model
from gemma_audio.data.collate import collate
from gemma_audio.errors import ConfigError, GemmaAudioError
from gemma_audio.training import answers
from gemma_audio.training.module import StageModule

EVERY = list(Objective)


def plain(objective: Objective, **changes: Any) -> Any:
    stage = make_stage(objective, **{"batch_size": 16, "steps": 2, **changes})
    if stage.adapter:
        stage.adapter.dropout = 0.0
    return stage


def by_micro_batch(module: StageModule) -> tuple[list[float], list[dict[str, torch.Tensor]]]:
    """Loss and gradients of the first batch, 32 rows, in micro-batches of 32, 8, 4, 3 and 1 rows."""
    rows = module.examples.rows(0)
    losses, grads = [], []
    for size in (32, 8, 4, 3, 1):
        module.micro_batch_size = size
        losses.append(float(module._gradients(0, rows)))
        grads.append(gradients(module))
    return losses, grads


def test_micro_batches_change_nothing_in_single_precision(base: Model, data: Path) -> None:
    losses, grads = by_micro_batch(make_module(plain(Objective.caption, batch_size=32), base, data, dropout=False))
    assert losses[1:] == pytest.approx([losses[0]] * 4, rel=1e-5)
    assert max(worst(other, grads[0]) for other in grads[1:]) < 1e-5


def test_micro_batches_change_nothing_without_dropout(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The language model in double precision (transformers' audio attention has none): only its logits are float32."""

    def in_double(*arguments: Any, **named: Any) -> dict[str, torch.Tensor]:
        batch = collate(*arguments, **named)
        return {**batch, "input_features": batch["input_features"].double()}

    monkeypatch.setattr(answers, "collate", in_double)
    module = make_module(plain(Objective.qa, batch_size=32), base, data, dropout=False)
    hear(module, tmp_path)
    module.base.model.audio_tower.dtype = torch.float64
    losses, grads = by_micro_batch(module.train().double())
    assert losses[1:] == pytest.approx([losses[0]] * 4, rel=1e-6)
    assert max(worst(other, grads[0]) for other in grads[1:]) < 1e-6


@pytest.mark.parametrize("objective", EVERY)
def test_a_step_is_a_function_of_its_number(base: Model, data: Path, objective: Objective) -> None:
    module = make_module(make_stage(objective), base, data)
    runs = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        module._gradients(3, module.examples.rows(3))
        runs.append(gradients(module))
    module._gradients(4, module.examples.rows(3))
    other = gradients(module)
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert worst(other, runs[0]) > 1e-4  # dropout (or jitter) is at work, and belongs to the step


def exhaust(module: StageModule, largest: int, error: BaseException) -> list[int]:
    """Let `module` fail with `error` on micro-batches of more than `largest` rows; return the sizes that it tried."""
    real, sizes = module.loss_sum, list[int]()

    def loss_sum(rows: Sequence[Any]) -> torch.Tensor:
        sizes.append(len(rows))
        if len(rows) > largest:
            raise error
        return real(rows)

    module.loss_sum = loss_sum  # type: ignore[method-assign]
    return sizes


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")],
)
def test_out_of_memory_halves_and_goes_on_with_equal_gradients(base: Model, data: Path, error: BaseException) -> None:
    module = make_module(plain(Objective.caption, micro_batch_size=16), base, data, dropout=False)
    rows = module.examples.rows(0)
    module._gradients(0, rows)
    expected = gradients(module)
    sizes = exhaust(module, 5, error)
    module._gradients(0, rows)
    assert sizes == [16, 8, 4, 4, 4, 4]
    assert worst(gradients(module), expected) < 1e-5
    assert module.out_of_memory == [{"step": 0, "micro_batch_size": 8}, {"step": 0, "micro_batch_size": 4}]
    assert module.micro_batch_size == 4


def test_a_half_done_batch_leaves_no_gradient_behind(base: Model, data: Path) -> None:
    module = make_module(plain(Objective.caption, micro_batch_size=8), base, data, dropout=False)
    rows = module.examples.rows(0)
    module._gradients(0, rows)
    expected = gradients(module)
    real, calls = module.loss_sum, iter(range(100))

    def second_fails(rows: Sequence[Any]) -> torch.Tensor:
        if next(calls) == 1:
            raise torch.OutOfMemoryError
        return real(rows)

    module.loss_sum = second_fails  # type: ignore[method-assign]
    module._gradients(0, rows)
    assert worst(gradients(module), expected) < 1e-5


def test_other_errors_are_not_tried_again(base: Model, data: Path) -> None:
    module = make_module(plain(Objective.caption, micro_batch_size=16), base, data)
    sizes = exhaust(module, 0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        module._gradients(0, module.examples.rows(0))
    assert sizes == [16]


def test_memory_for_not_even_one_row_ends_with_advice(base: Model, data: Path) -> None:
    module = make_module(plain(Objective.caption, micro_batch_size=4), base, data)
    sizes = exhaust(module, 0, torch.OutOfMemoryError())
    with pytest.raises(GemmaAudioError, match="checkpointing=true"):
        module._gradients(0, module.examples.rows(0))
    assert sizes == [4, 2, 1]


def test_only_what_the_stage_names_is_trained_and_in_float32(base: Model, data: Path) -> None:
    half = Model(name="half", source=base.source, dtype="bfloat16")
    caption = make_module(make_stage(Objective.caption), half, data)
    assert all(".audio_tower." in name or ".embed_audio." in name for name in caption.trained())
    question = make_module(make_stage(Objective.qa), half, data)
    assert all(".language_model." in name and "lora_" in name for name in question.trained())
    for module in (caption, question):
        trained = module.trained()
        assert {p.dtype for p in trained.values()} == {torch.float32}
        frozen = [p for name, p in module.named_parameters() if name not in trained]
        assert {p.dtype for p in frozen} == {torch.bfloat16}


def test_parts_and_adapter_can_be_trained_together(base: Model, data: Path) -> None:
    stage = make_stage(Objective.qa, trains=["projector"])
    module = make_module(stage, base, data)
    module._gradients(0, module.examples.rows(0))
    grads = gradients(module)
    assert any("embed_audio" in name for name in grads)
    assert any("lora_A" in name for name in grads)


def test_an_adapter_starts_from_the_seed_alone(base: Model, data: Path) -> None:
    def start(seed: int, noise: int) -> torch.Tensor:
        torch.manual_seed(noise)
        trained = make_module(make_stage(Objective.qa, seed=seed), base, data).trained()
        return torch.cat([p.flatten() for p in trained.values()]).detach()

    assert torch.equal(start(1, 1), start(1, 2))
    assert not torch.equal(start(1, 1), start(2, 1))


def test_a_stage_that_trains_nothing_is_refused(base: Model, data: Path) -> None:
    with pytest.raises(ConfigError, match="trains nothing"):
        make_module(make_stage(Objective.caption, trains=[]), base, data)


def test_no_trained_tensor_is_without_a_gradient(base: Model, data: Path) -> None:
    pattern = r".*audio_tower\.layers\.\d+\..*\.linear"
    adapter = Adapter(name="audio", rank=2, alpha=4, dropout=0.0, scope={"audio_tower": pattern})
    for stage in (make_stage(Objective.qa), make_stage(Objective.caption, trains=[], adapter=adapter)):
        module = make_module(stage, base, data)
        module._gradients(0, module.examples.rows(0))
        assert set(gradients(module)) == set(module.trained())
