from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gemma_audio.errors import StoreError
from gemma_audio.training.checkpoint import SealedCheckpoints


def state(step: int) -> dict[str, Any]:
    return {
        "next": step,
        "tensors": {"w": torch.full((64,), float(step))},
        "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}},
    }


def save(checkpoints: SealedCheckpoints, *steps: int) -> None:
    for step in steps:
        checkpoints.save_checkpoint(state(step), checkpoints.path(step))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lose_checksum(path: Path) -> None:
    path.with_suffix(".sha256").unlink()


def test_the_newest_wins_and_two_are_kept(tmp_path: Path) -> None:
    checkpoints = SealedCheckpoints(tmp_path / "c")
    assert checkpoints.newest() == (None, [])
    save(checkpoints, 2, 4, 6)
    loaded, damaged = checkpoints.newest()
    assert loaded is not None
    assert (loaded["next"], damaged) == (6, [])
    assert torch.equal(loaded["tensors"]["w"], state(6)["tensors"]["w"])
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == [
        "step-00000004.pt", "step-00000004.sha256", "step-00000006.pt", "step-00000006.sha256",
    ]  # fmt: skip


@pytest.mark.parametrize("harm", [truncate, flip_a_bit, empty, lose_checksum])
def test_damage_is_seen_and_the_older_one_used(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    checkpoints = SealedCheckpoints(tmp_path)
    save(checkpoints, 2, 4)
    harm(checkpoints.path(4))
    loaded, damaged = checkpoints.newest()
    assert loaded is not None
    assert loaded["next"] == 2
    assert len(damaged) == 1
    assert "step-00000004.pt" in damaged[0]
    with pytest.raises(StoreError, match="step-00000004"):
        checkpoints.load_checkpoint(checkpoints.path(4))
    save(checkpoints, 6)  # the damaged one does not count among the two that are kept
    assert checkpoints.path(2).exists()
    harm(checkpoints.path(6))
    assert (checkpoints.newest()[0] or {})["next"] == 2


def test_a_full_disk_leaves_the_older_ones_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = SealedCheckpoints(tmp_path)
    save(checkpoints, 2, 4)
    before = sorted(tmp_path.iterdir())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        save(checkpoints, 6)
    assert sorted(tmp_path.iterdir()) == before
    assert (checkpoints.newest()[0] or {})["next"] == 4


@pytest.mark.parametrize("fatal", range(4))
def test_a_death_at_any_rename_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fatal: int) -> None:
    checkpoints = SealedCheckpoints(tmp_path)
    save(checkpoints, 2)
    renames = iter(range(100))
    real = os.replace

    def dying(source: Path, target: Path) -> None:
        if next(renames) == fatal:
            raise SystemExit
        real(source, target)

    monkeypatch.setattr(os, "replace", dying)
    with pytest.raises(SystemExit):
        save(checkpoints, 4, 4, 6)  # overwriting as well
    monkeypatch.setattr(os, "replace", real)
    loaded, _ = checkpoints.newest()
    assert loaded is not None
    assert loaded["next"] in (2, 4)
    assert torch.equal(loaded["tensors"]["w"], state(loaded["next"])["tensors"]["w"])


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "canary",))

    checkpoints = SealedCheckpoints(tmp_path / "c")
    checkpoints.save_checkpoint({"next": 1, "payload": Payload()}, checkpoints.path(1))
    with pytest.raises(Exception, match=r"weights_only|Weights only"):
        checkpoints.newest()
    assert not (tmp_path / "canary").exists()
