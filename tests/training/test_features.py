"""A frozen tower's kept outputs give the live loss and gradients; they are read lazily, shared, and never of a trained tower."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_cases import gradients, hear, make_module, make_stage, worst

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Adapter, Model, Savings, Trainer
from gemma_audio.data.corpus import Corpus
from gemma_audio.errors import GemmaAudioError
from gemma_audio.models.feature_cache import RESERVE, FeatureCache
from gemma_audio.models.hearing import Hearing
from gemma_audio.training import features, run
from gemma_audio.training.attributes import AttributeWarmup
from gemma_audio.training.features import Clips

SOUND = Adapter(name="a", rank=2, alpha=4, dropout=0.0, scope={"audio_tower": r".*audio_tower\.layers\.\d+\..*\.linear"})


@pytest.mark.parametrize("objective", [Objective.qa, Objective.alignment])
def test_loss_and_gradients_are_the_live_ones_with_the_projector_trained(
    base: Model, data: Path, tmp_path: Path, objective: Objective
) -> None:
    trains = ["projector"] if objective == Objective.qa else ["projector", "language_model"]
    module = make_module(make_stage(objective, steps=2, trains=trains), base, data)
    rows = module.examples.rows(1)
    assert len({len(row.features) for row in rows}) > 1
    live = float(module._gradients(1, rows))
    direct = gradients(module)
    assert any("embed_audio" in name for name in direct)
    hear(module, tmp_path)
    heard = module.examples.rows(1)
    assert [len(row.features) for row in heard] == [row.prompt.count(module.base.config.audio_token_id) for row in rows]
    assert float(module._gradients(1, heard)) == pytest.approx(live, rel=1e-6)
    cached = gradients(module)
    assert worst(cached, direct) < 1e-5
    assert all(float((cached[name] - grad).norm()) <= 1e-5 * float(grad.norm()) + 1e-9 for name, grad in direct.items())


def test_in_bfloat16_they_are_the_same_bits(base: Model, data: Path, tmp_path: Path) -> None:
    half = Model(name="half", source=base.source, dtype="bfloat16")
    with torch.autocast("cpu", torch.bfloat16):
        module = make_module(make_stage(Objective.qa, steps=2, trains=["projector"]), half, data)
        live = module._gradients(1, module.examples.rows(1))
        direct = gradients(module)
        assert hear(module, tmp_path).dtype == torch.bfloat16
        assert torch.equal(module._gradients(1, module.examples.rows(1)), live)
        cached = gradients(module)
    assert all(torch.equal(cached[name], grad) for name, grad in direct.items())


def test_clips_are_heard_once_for_all_runs_and_read_when_a_batch_needs_them(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_module(make_stage(Objective.qa), base, data)
    visited = first.examples.visited(6)
    assert hear(first, tmp_path).cache.counts == {"written": len(visited)}
    other = make_module(make_stage(Objective.qa, seed=1, trains=["projector"]), base, data)
    counts = hear(other, tmp_path).cache.counts
    assert not counts
    clips = {example.clip for example, _ in other.examples.picks(0)}
    rows = other.examples.rows(0)
    assert not counts, "no sound is read for a row"
    other.loss_sum(rows)
    other.loss_sum(rows)
    assert counts == {"read": len(clips)}


def test_a_damaged_output_is_heard_again(base: Model, data: Path, tmp_path: Path) -> None:
    module = make_module(make_stage(Objective.qa, trains=["projector"]), base, data)
    hear(module, tmp_path)
    module._gradients(0, module.examples.rows(0))
    expected = gradients(module)
    for path in tmp_path.rglob("*.features"):
        path.write_bytes(path.read_bytes()[:-9])
    again = make_module(make_stage(Objective.qa, trains=["projector"]), base, data)
    counts = hear(again, tmp_path).cache.counts
    again._gradients(0, again.examples.rows(0))
    assert worst(gradients(again), expected) == 0
    assert counts["damaged"] == counts["written"] == len({example.clip for example, _ in again.examples.picks(0)})


def test_a_full_disk_is_told_and_a_resting_tower_goes_back_to_its_place(base: Model, data: Path, tmp_path: Path) -> None:
    module = make_module(make_stage(Objective.qa, trains=["projector"]), base, data)
    said: list[str] = []
    hearing = Hearing(module.base.model.audio_tower, extractor(module), FeatureCache(tmp_path, memory=1, reserve=1 << 60))
    visited = module.examples.visited(6)
    module.examples.clips.hear(hearing, visited, said.append)
    assert said == [line for line in said if f"outputs of {len(visited)} clips are not kept" in line] != []
    rests: list[bool] = []
    hearing.rest()
    hearing.tower.register_forward_hook(lambda *_: rests.append(False))
    rest = hearing.rest
    hearing.rest = lambda: (rests.append(True), rest())  # type: ignore[method-assign, func-returns-value]
    assert all(np.asarray(row.features).any() for row in module.examples.rows(0))
    assert rests == [False, True] * (len(rests) // 2) != [], "whenever it is asked, the tower leaves the accelerator again"


def test_long_hearing_says_how_far_it_is(base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "EVERY", 0.0)
    monkeypatch.setattr(features, "AT_ONCE", 2)
    module = make_module(make_stage(Objective.qa, trains=["projector"]), base, data)
    said: list[str] = []
    visited = module.examples.visited(6)
    hearing = Hearing(module.base.model.audio_tower, extractor(module), FeatureCache(tmp_path))
    module.examples.clips.hear(hearing, visited, said.append)
    assert len(said) == math.ceil(len(visited) / 2) - 1, "the last part needs no word"
    assert said[0].startswith(f"the audio tower has heard 2 of {len(visited)} clips, about ")


def test_a_run_tells_its_caller_and_leaves_room_for_its_checkpoints(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[FeatureCache] = []
    monkeypatch.setattr(run, "FeatureCache", lambda *words, **more: made.append(FeatureCache(*words, **more)) or made[-1])
    said: list[str] = []
    (tmp_path / "file").touch()
    record = run.train(
        make_stage(Objective.qa, steps=1), model=base, data_folder=data, trainer=Trainer(name="cpu", threads=1), chain=[],
        into=tmp_path / "stage", log=lambda *_: None, progress=lambda *_: None, features=tmp_path / "file", say=said.append,
    )  # fmt: skip
    assert any(str(tmp_path / "file") in line and "are not kept" in line for line in said)
    # Two checkpoints are kept while a third is written, each with the weights and AdamW's two moments in float32.
    assert made[0].reserve == RESERVE + 3 * 3 * 4 * record["trained_parameters"]


def extractor(module: Any) -> Any:
    return module.examples.encoder.processor.feature_extractor


@pytest.mark.parametrize("settings", [{"trains": ["audio_tower"]}, {"trains": ["audio_tower.layers[-1]"]}, {"adapter": SOUND}])
def test_a_tower_that_is_trained_stays_live(base: Model, data: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    module = make_module(make_stage(Objective.caption, **{"trains": [], **settings}), base, data)
    assert not module.keeps_outputs()
    assert not module.savings()["cached_features"]
    module.hear()
    assert module.hearing is None
    assert module.trainables.hears_frozen() is False


def test_a_frozen_tower_is_kept_unless_it_is_switched_off_or_the_sound_is_altered(base: Model, data: Path) -> None:
    assert make_module(make_stage(Objective.qa), base, data).savings()["cached_features"]
    module = make_module(make_stage(Objective.qa), base, data)
    module.trainables.savings = Savings(name="s", cached_features=False)
    assert not module.savings()["cached_features"]
    assert AttributeWarmup.alters_sound
    assert not make_module(make_stage(Objective.attributes, trains=["projector"]), base, data).savings()["cached_features"]
    dithering = make_module(make_stage(Objective.qa), base, data)
    dithering.examples.encoder.processor.feature_extractor.dither = 1e-4
    assert not dithering.savings()["cached_features"]


@pytest.mark.parametrize("wanted", [True, False])
def test_the_run_record_says_what_was_kept_and_read(base: Model, data: Path, tmp_path: Path, wanted: bool) -> None:
    into, shared = tmp_path / "stage", tmp_path / "features"
    trainer = Trainer(name="cpu", threads=1, savings=Savings(name="s", cached_features=wanted))
    record = run.train(
        make_stage(Objective.qa, steps=2), model=base, data_folder=data, trainer=trainer, chain=[], into=into,
        log=lambda *_: None, progress=lambda *_: None, features=shared,
    )  # fmt: skip
    assert json.loads((into / "training.json").read_text())["features"] == record["features"]
    assert record["savings"]["cached_features"] is wanted
    assert len(list(shared.rglob("*.features"))) == record["features"].get("written", 0)
    assert bool(record["features"]) is wanted
    assert not (into / "checkpoints" / "features").exists()


def test_memory_for_frames_is_bounded_and_a_forgotten_clip_is_made_again(base: Model, data: Path) -> None:
    module = make_module(make_stage(Objective.qa), base, data)
    corpus, encoder = Corpus.open(data), module.examples.encoder
    names = module.examples.visited(6)
    whole = Clips(corpus, encoder)
    small = Clips(corpus, encoder, memory=2 * max(whole.frames(name).nbytes for name in names))
    for name in [*names, *names]:
        assert (small.frames(name) == whole.frames(name)).all()
        assert sum(frames.nbytes for frames in small._frames.values()) <= small._memory
    assert [small.tokens(name) for name in names] == [encoder.audio_tokens(len(whole.frames(name))) for name in names]


def test_clips_that_cannot_be_heard_whole_are_counted_and_named_before_any_step(
    base: Model, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, lengths = Corpus.samples, iter([480_001, 100])
    visited = make_module(make_stage(Objective.qa), base, data).examples.visited(6)
    wrong = {visited[2]: next(lengths), visited[4]: next(lengths)}
    monkeypatch.setattr(Corpus, "samples", lambda self, clip: wrong.get(clip) or known(self, clip))
    with pytest.raises(GemmaAudioError, match=rf"2 of {len(visited)} clips .*{visited[2]}: 30\.00 s .*{visited[4]}: .*too short"):
        run.train(
            make_stage(Objective.qa), model=base, data_folder=data, trainer=Trainer(name="cpu", threads=1), chain=[],
            into=tmp_path, log=lambda *_: pytest.fail("a step was done"), progress=lambda *_: None,
        )  # fmt: skip
