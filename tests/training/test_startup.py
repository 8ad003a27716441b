from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from training_cases import make_stage, train

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Model, Savings
from gemma_audio.errors import GemmaAudioError
from gemma_audio.training import startup
from gemma_audio.training.checkpoint import SealedCheckpoints
from gemma_audio.training.module import StageModule

EVERY = list(Objective)


class Stopped(Exception):
    """Ends a run once what is asked about it is known."""


def at_startup(monkeypatch: pytest.MonkeyPatch, look: Callable[[StageModule], None]) -> None:
    """Let `look` see the module in the place of the try-out."""
    monkeypatch.setattr(startup, "try_out", look)


def weights(into: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((into / "weights").rglob("*.safetensors"))}


@pytest.mark.parametrize("objective", EVERY)
def test_it_changes_nothing(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objective: Objective
) -> None:
    """No weight, buffer, gradient, optimizer state, random number or file is another one after it."""
    real = startup.try_out

    def look(module: StageModule) -> None:
        before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        torch.manual_seed(torch.initial_seed())
        real(module)
        assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
        assert all(p.grad is None for p in module.parameters())
        assert module.training
        assert not module.out_of_memory
        assert not module.optimizers().optimizer.state
        assert not list(module.checkpoints.folder.glob("*.*"))  # beside the folder of features
        raise Stopped

    at_startup(monkeypatch, look)
    with pytest.raises(Stopped):
        train(make_stage(objective), base, data, tmp_path)


def test_a_run_without_it_ends_in_the_same_bits(base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(make_stage(Objective.qa, steps=2), base, data, tmp_path / "with")
    at_startup(monkeypatch, lambda module: None)
    train(make_stage(Objective.qa, steps=2), base, data, tmp_path / "without")
    assert weights(tmp_path / "with") == weights(tmp_path / "without")
    assert weights(tmp_path / "with")


def test_it_tries_the_longest_rows_a_batch_of_prompts_and_a_checkpoint_of_full_size(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, int]] = []
    real, save, prefill = startup.try_out, SealedCheckpoints.save_checkpoint, startup.prefill

    def saved(self: SealedCheckpoints, state: Any, path: Any, *rest: Any) -> None:
        save(self, state, path, *rest)
        done.append(("saved", Path(path).stat().st_size))

    def answered(model: Any, batch: Any, **named: Any) -> Any:
        assert not model.training
        done.append(("answered", batch["input_ids"].shape[1]))
        return prefill(model, batch, **named)

    def look(module: StageModule) -> None:
        probe = module.probe
        monkeypatch.setattr(module, "probe", lambda rows: (done.append(("trained", max(map(len, rows)))), probe(rows)))
        real(module)
        rows = [row for number in range(module.steps) for row in module.examples.rows(number)]
        longest = max(rows, key=lambda row: len(row) + len(row.features))
        trained = sum(p.nbytes for p in module.trained().values())
        assert [name for name, _ in done] == ["trained", "answered", "saved"]
        (_, tokens), (_, prompt), (_, size) = done
        assert tokens >= len(longest)
        assert tokens > prompt > 0  # an answer is not asked, but given
        assert size >= 3 * trained  # the weights and both of AdamW's moments
        raise Stopped

    monkeypatch.setattr(SealedCheckpoints, "save_checkpoint", saved)
    monkeypatch.setattr(startup, "prefill", answered)
    at_startup(monkeypatch, look)
    with pytest.raises(Stopped):
        train(make_stage(Objective.qa), base, data, tmp_path)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("PytorchStreamWriter failed writing file")]
)
def test_a_checkpoint_that_cannot_be_written_is_said_before_the_first_step(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(GemmaAudioError, match=r"checkpoint of \d+\.\d+ GB cannot be written to .*out=FOLDER"):
        train(make_stage(Objective.caption), base, data, tmp_path)
    assert not list((tmp_path / "checkpoints").glob("*.*"))
    assert not (tmp_path / "weights").exists()


def test_a_question_that_does_not_fit_is_said_before_the_first_step(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(startup, "prefill", exhausted)
    with pytest.raises(GemmaAudioError, match="a single question does not fit"):
        train(make_stage(Objective.qa), base, data, tmp_path)


def test_the_advice_names_every_saving_that_is_off(base: Model, data: Path) -> None:
    stage = make_stage(Objective.qa)
    off = startup.remedy(stage, Savings(supervised_logits=False, host_embedding=True, factored_dora=True))
    assert "trainer.savings.supervised_logits=true" in off
    assert "stage.checkpointing=true" in off
    assert "host_embedding" not in off
    assert "factored_dora" not in off
    stage.checkpointing = True
    assert "checkpointing" not in startup.remedy(stage, Savings())
