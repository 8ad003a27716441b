from __future__ import annotations

from pathlib import Path

import pytest
import torch
from training_cases import gradients, make_module, make_stage, worst

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Model
from gemma_audio.data.collate import collate
from gemma_audio.training.loss import answer_loss

CPU = torch.device("cpu")


@pytest.mark.parametrize("objective", [Objective.caption, Objective.alignment])
def test_loss_and_gradients_are_those_of_the_stock_full_loss(base: Model, data: Path, objective: Objective) -> None:
    module = make_module(make_stage(objective), base, data, dropout=False)
    rows = module.examples.rows(0)
    assert len({len(row) for row in rows}) > 1  # some rows are padded
    pad = module.examples.encoder.pad_id
    stock = module.base(**collate(rows, pad, "right")).loss
    stock.backward()
    expected = gradients(module)
    terms = sum(len(row.answer) for row in rows)
    ours = answer_loss(module.base, collate(rows, pad, "left"), CPU) / terms
    ours.backward()
    assert float(ours.detach()) == pytest.approx(float(stock.detach()), rel=1e-5)
    assert worst(gradients(module), expected) < 1e-5


def test_the_last_layers_see_answer_positions_only(base: Model, data: Path) -> None:
    module = make_module(make_stage(Objective.caption), base, data, dropout=False)
    widths: list[int] = []
    for layer in module.base.model.language_model.layers:
        layer.register_forward_hook(lambda _, inputs, output: widths.append(output.shape[1]))
    batch = collate(module.examples.rows(0), module.examples.encoder.pad_id, "left")
    answer_loss(module.base, batch, CPU)
    whole, answers = batch["labels"].shape[1], int((batch["labels"] != -100).sum(1).max())
    assert widths == [whole, whole, answers + 1, answers + 1]


@pytest.mark.parametrize("objective", [Objective.caption, Objective.qa])
def test_recomputed_activations_give_the_same_gradients(base: Model, data: Path, objective: Objective) -> None:
    grads = []
    for checkpointing in (False, True):
        module = make_module(make_stage(objective, checkpointing=checkpointing), base, data)
        assert module.base.model.language_model.gradient_checkpointing is checkpointing
        module._gradients(0, module.examples.rows(0))
        grads.append(gradients(module))
    assert worst(*grads) < 1e-6
