"""A sound's key is all that decides its features, and the features are those that the live tower gives."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gemma_audio.data.encoder import LONGEST, Encoder
from gemma_audio.errors import AudioError
from gemma_audio.models import delta
from gemma_audio.models.feature_cache import FeatureCache
from gemma_audio.models.hearing import CachedTower, Hearing, cache_folder, obstacle, standing_in
from gemma_audio.world.tiny import build_model

SEED = 41


@pytest.fixture(scope="module")
def made() -> tuple[Any, Encoder]:
    net, processor = build_model(3)
    return net.eval(), Encoder(processor)


def waves(lengths: list[int]) -> list[np.ndarray]:
    print("seed", SEED)
    draw = np.random.default_rng(SEED)
    return [draw.normal(0, 0.1, length).astype(np.float32) for length in lengths]


def hearing(made: tuple[Any, Encoder], folder: Path, tower: Any = None) -> Hearing:
    return Hearing(tower or made[0].model.audio_tower, made[1].processor.feature_extractor, FeatureCache(folder))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sound_has_the_same_bits_alone_and_in_a_batch_of_equal_lengths(
    made: tuple[Any, Encoder], tmp_path: Path, dtype: torch.dtype
) -> None:
    tower = copy.deepcopy(made[0].model.audio_tower).to(dtype)
    alone, batched = hearing(made, tmp_path / "one", tower), hearing(made, tmp_path / "two", tower)
    frames = {alone.key(wave): made[1].features(wave) for wave in waves([9000] * 7 + [16000, 9000, 31999])}
    batched.hear(frames)
    for key, of in frames.items():
        one = alone.features(key, lambda of=of: of)
        assert np.array_equal(one, batched.features(key, lambda: pytest.fail("heard twice")))
        assert len(one) == made[1].audio_tokens(len(of))
    kept = batched.cache.get(next(iter(frames)))
    assert kept is not None
    assert kept.dtype == dtype


def test_padding_beside_longer_clips_changes_nothing_that_counts(made: tuple[Any, Encoder], tmp_path: Path) -> None:
    """The live tower hears clips of other lengths in one padded batch."""
    heard, sounds = hearing(made, tmp_path), waves([9000, 31999])
    short, long = (made[1].features(wave) for wave in sounds)
    inputs = torch.zeros(2, *long.shape)
    inputs[0, : len(short)], inputs[1] = torch.from_numpy(short), torch.from_numpy(long)
    mask = torch.arange(len(long)) < torch.tensor([[len(short)], [len(long)]])
    with torch.no_grad():
        live = made[0].model.audio_tower(inputs, mask)
    cached = heard.features(heard.key(sounds[0]), lambda: short)
    assert int(live.attention_mask[0].sum()) == len(cached)
    assert np.abs(live.last_hidden_state[0, : len(cached)].numpy() - cached).max() < 1e-5


def test_the_key_is_the_sound_and_all_that_makes_features_of_it(made: tuple[Any, Encoder], tmp_path: Path) -> None:
    sound, other = waves([9000, 9000])
    plain = hearing(made, tmp_path)
    assert plain.key(sound) == hearing(made, tmp_path).key(sound.copy())
    moved = copy.deepcopy(made[0].model.audio_tower)
    with torch.no_grad():
        next(moved.parameters()).flatten()[0] += 1e-6
    bounds = copy.deepcopy(made[0].model.audio_tower)
    next(bounds.buffers()).fill_(1.5)
    half = copy.deepcopy(made[0].model.audio_tower).bfloat16()
    extractor = copy.deepcopy(made[1].processor.feature_extractor)
    extractor.per_bin_mean = extractor.per_bin_mean + 1e-3
    keys = [plain.key(sound), plain.key(other), plain.key(sound[:-1])]
    keys += [hearing(made, tmp_path, tower).key(sound) for tower in (moved, bounds, half)]
    keys.append(Hearing(made[0].model.audio_tower, extractor, FeatureCache(tmp_path)).key(sound))
    with torch.autocast("cpu", torch.bfloat16):
        keys.append(hearing(made, tmp_path).key(sound))
    assert len(set(keys)) == len(keys)


def test_the_precision_is_that_of_the_making_whatever_holds_later(made: tuple[Any, Encoder], tmp_path: Path) -> None:
    (sound,) = waves([9000])
    frames = made[1].features(sound)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = hearing(made, tmp_path)
    outside = mixed.features(mixed.key(sound), lambda: frames)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        live = made[0].model.audio_tower(torch.from_numpy(frames)[None], torch.ones(1, len(frames), dtype=torch.bool))
    assert live.last_hidden_state.dtype == mixed.dtype == torch.bfloat16
    assert np.array_equal(outside, live.last_hidden_state[0].float().numpy())


def test_only_the_bases_own_tower_shares_its_outputs(made: tuple[Any, Encoder], tmp_path: Path) -> None:
    shared, scratch = tmp_path / "shared", tmp_path / "scratch"
    tower, language = tmp_path / "tower", tmp_path / "language"
    delta.save({"model.audio_tower.output_proj.bias": torch.zeros(3)}, tower / "weights")
    delta.save({"model.language_model.norm.weight": torch.zeros(3)}, language / "weights")
    assert cache_folder([], shared, scratch) == cache_folder([language], shared, scratch) == shared
    assert cache_folder([tower], shared, scratch) == cache_folder([tower, language], shared, scratch) == scratch
    assert cache_folder([], None, scratch) == scratch


def test_the_stand_in_is_gone_afterwards(made: tuple[Any, Encoder], tmp_path: Path) -> None:
    tower = made[0].model.audio_tower
    with standing_in(made[0], None):
        assert made[0].model.audio_tower is tower
    with pytest.raises(RuntimeError, match="memory"), standing_in(made[0], hearing(made, tmp_path)):
        raise RuntimeError("out of memory")
    with standing_in(made[0], hearing(made, tmp_path)):
        assert isinstance(made[0].model.audio_tower, CachedTower)
    assert made[0].model.audio_tower is tower


def test_a_dithering_extractor_is_an_obstacle(made: tuple[Any, Encoder]) -> None:
    extractor = copy.deepcopy(made[1].processor.feature_extractor)
    assert obstacle(extractor) == ""
    extractor.dither = 1e-4
    assert "noise" in obstacle(extractor)


def test_frames_are_told_from_samples_as_the_extractor_counts_them(made: tuple[Any, Encoder]) -> None:
    encoder, draw = made[1], np.random.default_rng(SEED)
    print("seed", SEED)
    for samples in [161, 320, 321, 480, 481, 640, 16_000, LONGEST, *map(int, draw.integers(161, 60_000, 60))]:
        assert encoder.frames(samples) == len(encoder.features(np.zeros(samples, np.float32))), samples
    assert encoder.frames(160) == encoder.frames(0) == 0
    assert encoder.audio_tokens(encoder.frames(LONGEST)) == 750


@pytest.mark.parametrize(("samples", "said"), [(LONGEST + 1, "the limit is 30 s"), (160, "too short"), (0, "too short")])
def test_a_sound_that_would_be_cut_or_has_no_token_is_an_error(made: tuple[Any, Encoder], samples: int, said: str) -> None:
    with pytest.raises(AudioError, match=said):
        made[1].features(np.zeros(samples, np.float32))
