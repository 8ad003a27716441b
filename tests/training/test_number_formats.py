"""After Lightning's own set-up in bf16-mixed: the base in bfloat16, what trains in float32, rotary frequencies in float32."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from training_cases import LANGUAGE, make_stage

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Adapter, Model, Savings, Trainer
from gemma_audio.models.load import fingerprint
from gemma_audio.training import run
from gemma_audio.training.module import StageModule

TOWER = r".*audio_tower\.layers\.\d+\..*\.linear"
STAGES = {
    "tower and projector": make_stage(Objective.caption, steps=2),
    "two layers": make_stage(Objective.caption, trains=["audio_tower.layers[1:3]"], steps=2),
    "adapter": make_stage(Objective.qa, steps=2),
    "adapter in the tower": make_stage(
        Objective.qa, adapter=Adapter(name="a", rank=2, alpha=4, dropout=0.0, scope={"audio_tower": TOWER}), steps=2
    ),
    "adapter and projector": make_stage(
        Objective.qa, trains=["projector"], steps=2,
        adapter=Adapter(name="a", rank=2, alpha=4, dropout=0.05, scope={"language_model": LANGUAGE}),
    ),
}  # fmt: skip
FACTORED = ("adapter", "adapter in the tower")


@pytest.mark.parametrize(("name", "factored"), [*((name, False) for name in STAGES), *((name, True) for name in FACTORED)])
def test_formats_after_the_set_up_and_after_training(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, factored: bool
) -> None:
    seen: list[dict[str, torch.dtype]] = []
    begun = StageModule.on_train_start

    def start(module: StageModule) -> None:
        begun(module)
        tensors = [*module.base.named_parameters(), *module.base.named_buffers()]
        seen.append({name: tensor.dtype for name, tensor in tensors if tensor.is_floating_point()})
        trained = {id(p) for p in module.trained().values()}
        assert {p.dtype for p in module.parameters() if id(p) in trained} == {torch.float32}
        assert {p.dtype for p in module.parameters() if id(p) not in trained} == {torch.bfloat16}

    monkeypatch.setattr(StageModule, "on_train_start", start)
    trainer = Trainer(name="mixed", precision="bf16-mixed", threads=1, savings=Savings(factored_dora=factored))
    record = run.train(
        STAGES[name], model=replace(base, dtype="bfloat16"), data_folder=data, trainer=trainer, chain=[], into=tmp_path,
        log=lambda *_: None, progress=lambda *_: None,
    )  # fmt: skip
    (formats,) = seen
    assert {dtype for name, dtype in formats.items() if name.endswith("inv_freq")} == {torch.float32}
    assert record["steps"] == 2
    assert record["base"] == fingerprint(base)  # the weights' own, whatever they are loaded as
    assert set(record["savings"]) == {field.name for field in fields(Savings)} - {"name"}
    assert record["savings"]["factored_dora"] == factored
    assert record["savings"]["without_vision"]
    assert all(counts["unmoved"] == 0 for counts in record["adapter_modules"].values())
