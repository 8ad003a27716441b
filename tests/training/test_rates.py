"""Layer ranges and learning rates by part, in real training runs of a few steps."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from training_cases import make_module, make_stage, train

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Adapter, Model, Optim
from gemma_audio.errors import ConfigError
from gemma_audio.models.load import load

RANGES = ["audio_tower.layers[1:3]", "projector"]
PIECES = ["audio_tower.rest", "audio_tower.layers[0]", "audio_tower.layers[1:]", "projector"]


def rated(entries: list[str], rate: float) -> Optim:
    return Optim(lr=1e-3, weight_decay=0.01, warmup_steps=2, lr_by_part=dict.fromkeys(entries, rate))


def weights(base: Model, data: Path, folder: Path, **changes: object) -> dict[str, torch.Tensor]:
    train(make_stage(Objective.caption, steps=4, **changes), base, data, folder)
    return load_file(folder / "weights" / "delta.safetensors")


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


def test_a_part_trains_to_the_same_bits_as_its_pieces_and_as_its_own_rate(base: Model, data: Path, tmp_path: Path) -> None:
    whole = weights(base, data, tmp_path / "whole")
    assert equal(weights(base, data, tmp_path / "pieces", trains=PIECES), whole)
    same = weights(base, data, tmp_path / "same", trains=PIECES, optim=rated(PIECES, 1e-3))
    assert equal(same, whole)
    slower = weights(base, data, tmp_path / "slower", trains=PIECES, optim=rated(PIECES[:1], 1e-5))
    assert not equal(slower, whole)


def test_layers_outside_the_range_keep_their_bits(base: Model, data: Path, tmp_path: Path) -> None:
    trained = weights(base, data, tmp_path / "range", trains=RANGES)
    before = dict(load(base)[0].named_parameters())
    after = dict(load(base, [tmp_path / "range"])[0].named_parameters())
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == set(trained)
    assert {name.split(".")[3] for name in moved if "audio_tower.layers" in name} == {"1", "2"}
    assert not any("audio_tower" in name and "audio_tower.layers." not in name for name in moved)


def test_each_part_moves_at_its_own_rate(base: Model, data: Path) -> None:
    scope = {"language_model": r".*language_model\.layers\.\d+\.mlp\.up_proj"}
    adapter = Adapter(name="dora", rank=2, alpha=4, dropout=0.0, scope=scope)
    rates = {"audio_tower.layers[-1]": 1e-5, "adapter": 3e-3}
    settings = Optim(lr=1e-3, lr_by_part=rates)
    entries = ["audio_tower.layers[-1]", "audio_tower.layers[0]"]
    module = make_module(make_stage(Objective.caption, trains=entries, adapter=adapter, optim=settings), base, data)
    peaks = {p: group["peak"] for group in module.configure_optimizers().param_groups for p in group["params"]}
    named = {name: peaks[p] for name, p in module.trained().items()}
    assert {rate for name, rate in named.items() if "audio_tower.layers.2." in name} == {1e-5}
    assert {rate for name, rate in named.items() if "audio_tower.layers.0." in name} == {1e-3}
    assert {rate for name, rate in named.items() if "lora_" in name} == {3e-3}
    assert {p.data_ptr() for p in peaks} == {p.data_ptr() for p in module.trained().values()}


def test_the_schedule_shapes_every_rate_and_the_figure_is_the_stages_own(base: Model, data: Path, tmp_path: Path) -> None:
    figures: list[dict[str, float]] = []
    stage = make_stage(Objective.caption, steps=4, trains=RANGES, optim=rated(RANGES[1:], 4e-3), save_every=2)
    train(stage, base, data, tmp_path, lambda _, metrics: figures.append(metrics))
    state = torch.load(max((tmp_path / "checkpoints").glob("*.pt")), weights_only=True)
    assert [figure["lr"] for figure in figures][:2] == pytest.approx([5e-4, 1e-3])
    lasts = {group["peak"]: group["lr"] for group in state["optimizer"]["param_groups"]}
    assert lasts == {1e-3: figures[-1]["lr"], 4e-3: 4 * figures[-1]["lr"]}


def test_a_resumed_run_ends_in_the_same_bits(base: Model, data: Path, tmp_path: Path) -> None:
    changes = {"trains": RANGES, "optim": rated(RANGES[1:], 4e-3), "save_every": 2}
    whole = weights(base, data, tmp_path / "whole", **changes)

    def stop(step: int, _: object) -> None:
        if step == 3:
            raise KeyboardInterrupt

    stage = make_stage(Objective.caption, steps=4, **changes)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(stage, base, data, tmp_path / "cut", stop)
    assert not (tmp_path / "cut" / "weights").exists()
    assert equal(weights(base, data, tmp_path / "cut", **changes), whole)


def test_attribute_heads_move_at_the_stages_rate(base: Model, data: Path) -> None:
    settings = Optim(lr=1e-3, lr_by_part={"audio_tower": 1e-5})
    module = make_module(make_stage(Objective.attributes, optim=settings), base, data)
    peaks = {p: group["peak"] for group in module.configure_optimizers().param_groups for p in group["params"]}
    assert {peaks[p] for p in module.heads.parameters()} == {1e-3}


def test_a_rate_for_what_is_not_trained_is_refused(base: Model, data: Path) -> None:
    stage = make_stage(Objective.caption, optim=Optim(lr=1e-3, lr_by_part={"adapter": 1e-3, "projector": -1.0}))
    with pytest.raises(ConfigError, match=r"'adapter' is not trained here[\s\S]*-1.0 for 'projector'"):
        make_module(stage, base, data)
