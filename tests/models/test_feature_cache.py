"""Entries are whole or not there: found by content, checked when read, safe under several processes, bounded in memory."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch

from gemma_audio.models.feature_cache import DIGEST, FeatureCache

KEY = "ab" + "0" * 62
OTHER = "cd" + "1" * 62


def tensor(seed: int, dtype: torch.dtype = torch.bfloat16, tokens: int = 25) -> torch.Tensor:
    return torch.randn(tokens, 8, generator=torch.Generator().manual_seed(seed)).to(dtype)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float16])
def test_what_was_put_is_found_again_in_its_own_dtype(tmp_path: Path, dtype: torch.dtype) -> None:
    FeatureCache(tmp_path).put(KEY, tensor(1, dtype))
    again = FeatureCache(tmp_path)
    found = again.get(KEY)
    assert found is not None
    assert found.dtype == dtype
    assert torch.equal(found, tensor(1, dtype))
    assert again.get(OTHER) is None
    assert (again.holds(KEY), again.holds(OTHER)) == (True, False)
    assert again.counts == {"read": 1}


def test_thirty_seconds_of_e4b_take_their_bytes_and_little_more(tmp_path: Path) -> None:
    FeatureCache(tmp_path).put(KEY, torch.zeros(750, 1536, dtype=torch.bfloat16))
    assert 2_304_000 <= files(tmp_path)[0].stat().st_size < 2_304_000 + 200


HARMS: dict[str, Callable[[Path], object]] = {
    "a flipped bit": lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
    "a changed checksum": lambda path: path.write_bytes(bytes(DIGEST) + path.read_bytes()[DIGEST:]),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_entry_is_counted_removed_and_made_again(tmp_path: Path, harm: str) -> None:
    FeatureCache(tmp_path).put(KEY, tensor(1))
    HARMS[harm](files(tmp_path)[0])
    cache = FeatureCache(tmp_path)
    assert cache.get(KEY) is None
    assert cache.counts == {"damaged": 1}
    assert not cache.holds(KEY)
    cache.put(KEY, tensor(1))
    again = FeatureCache(tmp_path).get(KEY)
    assert again is not None
    assert torch.equal(again, tensor(1))


def test_an_entry_under_anothers_name_is_damage(tmp_path: Path) -> None:
    FeatureCache(tmp_path).put(KEY, tensor(1))
    (tmp_path / OTHER[:2]).mkdir()
    files(tmp_path)[0].rename(tmp_path / OTHER[:2] / f"{OTHER}.features")
    assert FeatureCache(tmp_path).get(OTHER) is None


def test_memory_holds_the_latest_and_no_more(tmp_path: Path) -> None:
    size = tensor(0).nbytes
    cache = FeatureCache(tmp_path, memory=3 * size)
    keys = [f"{number:02x}" + "0" * 62 for number in range(5)]
    for number, key in enumerate(keys):
        cache.put(key, tensor(number))
    assert cache.counts["read"] == 0
    for key in keys[2:]:
        cache.get(key)
    assert cache.counts["read"] == 0, "the latest three are in memory"
    oldest = cache.get(keys[0])
    assert oldest is not None
    assert torch.equal(oldest, tensor(0))
    assert cache.counts["read"] == 1, "the first came from the disk"


def test_a_disk_without_room_costs_the_entry_on_disk_alone(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "full", reserve=10**18)
    cache.put(KEY, tensor(1))
    assert cache.get(KEY) is not None
    assert cache.counts == {"unwritten": 1}
    assert not files(tmp_path)


def test_a_folder_that_cannot_be_made_costs_the_entry_on_disk_alone(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    cache = FeatureCache(tmp_path / "taken")
    cache.put(KEY, tensor(1))
    assert cache.get(KEY) is not None
    assert cache.counts == {"unwritten": 1}


def work(folder: Path, rounds: int) -> int:
    """Write and read the same few entries; return how many were not what they should be."""
    wrong = 0
    for number in range(rounds):
        key = f"{number % 3:02x}" + "0" * 62
        FeatureCache(folder).put(key, tensor(number % 3, tokens=400))
        cache = FeatureCache(folder)
        found = cache.get(key)
        wrong += found is None or not torch.equal(found, tensor(number % 3, tokens=400)) or cache.counts["damaged"]
    return wrong


def test_several_processes_write_and_read_the_same_entries(tmp_path: Path) -> None:
    with get_context("fork").Pool(3) as pool:
        assert pool.starmap(work, [(tmp_path, 40)] * 3) == [0, 0, 0]
    assert len(files(tmp_path)) == 3, "no unfinished file is left"
