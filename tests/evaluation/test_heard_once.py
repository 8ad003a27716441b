"""With kept outputs each sound is decoded and heard once, and every answer is the live one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gemma_audio.audio import MissingAudioError
from gemma_audio.config.kinds import Method, Weights
from gemma_audio.config.schema import Data, Evaluation, Model, Savings, Trainer
from gemma_audio.errors import AudioError
from gemma_audio.evaluation.item import Benchmark, Item
from gemma_audio.evaluation.methods import letter
from gemma_audio.evaluation.methods.batch import inputs, prefill
from gemma_audio.evaluation.predict import predict
from gemma_audio.evaluation.run import evaluate
from gemma_audio.evaluation.sounds import Sounds
from gemma_audio.models import delta
from gemma_audio.models.feature_cache import FeatureCache
from gemma_audio.models.hearing import Hearing, standing_in
from gemma_audio.world import build

SEED = 29
BASE = Model(name="tiny", source="embedded", weights=Weights.random, init_seed=1)
CONTROLS: dict[str, Any] = {"orders": 3, "silenced": True, "swapped": True, "no_question": True}


def benchmark(heard: Counter[str], count: int = 9) -> Benchmark:
    def audio(item: Item) -> np.ndarray:
        heard[item.id] += 1
        if item.id == "4":
            raise MissingAudioError("gone")
        if item.id == "5":
            return np.zeros(480_001, np.float32)
        draw = np.random.default_rng([SEED, int(item.id)])
        return draw.normal(0, 0.1, (9000, 16_000, 21_111)[int(item.id) % 3]).astype(np.float32)

    choices = ("dog", "cat", "cow", "bird")
    items = [Item(str(n), f"{n}.wav", f"Question {n}?", choices, choices[0], "sound", "", "s", "", "") for n in range(count)]
    return Benchmark("made", "0" * 64, "unknown", items, [], audio)


def hearing(model: Any, encoder: Any, folder: Path) -> Hearing:
    return Hearing(model.model.audio_tower, encoder.processor.feature_extractor, FeatureCache(folder))


def test_each_sound_is_decoded_once_its_faults_told_every_time(tiny: Any, tmp_path: Path) -> None:
    (model, encoder), heard = tiny, Counter[str]()
    made = benchmark(heard)
    sounds = Sounds(made, encoder, hearing(model, encoder, tmp_path))
    for _ in range(3):
        for item in made.items:
            if item.id in "45":
                for silent in (False, True):
                    with pytest.raises(AudioError, match="gone" if item.id == "4" else "30.00 s long, the limit is 30 s"):
                        sounds.of(item, silent=silent)
            else:
                sound = np.asarray(sounds.of(item))
                silence = np.asarray(sounds.of(item, silent=True))
                assert sound.shape == silence.shape == (sounds.of(item).tokens, 128)
                assert not np.array_equal(sound, silence)
    assert set(heard.values()) == {1}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_logits_are_the_live_ones(tiny: Any, evaluation: Any, tmp_path: Path, dtype: torch.dtype) -> None:
    import copy

    model, encoder = copy.deepcopy(tiny[0]).to(dtype), tiny[1]
    made = benchmark(Counter())
    found: dict[bool, list[torch.Tensor]] = {}
    for cached in (True, False):
        ear = hearing(model, encoder, tmp_path) if cached else None
        taken = found[cached] = []

        def method(model: Any, encoder: Any, queries: Any, cfg: Any, taken: list[torch.Tensor] = taken) -> Any:
            taken.append(prefill(model, inputs(model, encoder, queries), use_cache=False)[0])
            return letter.answer(model, encoder, queries, cfg)

        with pytest.MonkeyPatch.context() as patch, standing_in(model, ear):
            patch.setitem(predict.__globals__["METHODS"], Method.letter, method)
            predict(evaluation(method=Method.letter), made, model, encoder, sounds=Sounds(made, encoder, ear).of)
    worst = max(float((a - b).abs().max()) for a, b in zip(*found.values(), strict=True))
    assert worst <= (1e-5 if dtype == torch.float32 else 0.0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    build(Data(name="small", clips=0, dev_questions=0, test_questions=1, shift_questions=0), folder, 1)
    return folder


def run(cfg: Evaluation, world: Path, into: Path, *, cached: bool = True, chain: Any = (), features: Path | None = None) -> Any:
    trainer = Trainer(name="cpu", threads=1, savings=Savings(name="s", cached_features=cached))
    return evaluate(cfg, model=BASE, data_folder=world, trainer=trainer, chain=chain, into=into, features=features)


def settings(evaluation: Any, **changes: Any) -> Evaluation:
    made: Evaluation = evaluation(benchmark="embedded", name="embedded", limit=8, **changes)
    return made


@pytest.mark.parametrize("method", list(Method))
def test_an_evaluation_with_all_controls_answers_as_the_live_one(
    world: Path, tmp_path: Path, evaluation: Any, method: Method
) -> None:
    cfg = settings(evaluation, method=method, **CONTROLS)
    summary = run(cfg, world, tmp_path / "kept")
    live = run(cfg, world, tmp_path / "live", cached=False)
    assert summary["features"]["written"] <= 2 * 8, "one output for a sound, one for silence of its length"
    assert live["features"] is None
    same = [key for key in summary if key not in ("seconds", "features")]
    assert {key: summary[key] for key in same} == {key: live[key] for key in same}
    for name in ("scores.csv", "controls.csv"):
        kept, other = ((tmp_path / folder / name).read_text() for folder in ("kept", "live"))
        assert [line.split(",")[:3] for line in kept.splitlines()] == [line.split(",")[:3] for line in other.splitlines()]
    assert not (tmp_path / "kept" / "checkpoints").exists()


def test_the_bases_outputs_are_shared_and_a_trained_towers_are_not(world: Path, tmp_path: Path, evaluation: Any) -> None:
    from gemma_audio.models.load import load

    shared, stage, cfg = tmp_path / "features", tmp_path / "stage", settings(evaluation)
    first = run(cfg, world, tmp_path / "one", features=shared)
    again = run(replace(cfg, method=Method.letter), world, tmp_path / "two", features=shared)
    assert first["features"]["written"] == len(list(shared.rglob("*.features"))) > 0
    assert again["features"].get("written", 0) == 0
    bias = load(BASE)[0].model.audio_tower.output_proj.bias
    delta.save({"model.audio_tower.output_proj.bias": bias.detach() + 0.1}, stage / "weights")
    trained = run(cfg, world, tmp_path / "three", features=shared, chain=[stage])
    assert trained["features"]["written"] == first["features"]["written"]
    assert len(list(shared.rglob("*.features"))) == first["features"]["written"], "nothing was added"
