from __future__ import annotations

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from gemma_audio.models.storage_peak import StoragePeak

FLOATS = 4 * 1000


def work() -> None:
    a = torch.zeros(1000)
    b = a + 1  # two live
    del a
    b.view(10, 100).mul_(2)  # no new storage
    c = b * 2  # two live again
    del b, c


def test_live_and_peak_bytes() -> None:
    with StoragePeak() as peak:
        work()
        assert (peak.live, peak.peak) == (0, 2 * FLOATS)
        kept = torch.zeros(3000)
        assert peak.live == peak.peak == 3 * FLOATS
    assert kept.sum() == 0


def test_fake_tensors_count_as_real_ones() -> None:
    with FakeTensorMode(), StoragePeak() as peak:
        work()
    assert (peak.live, peak.peak) == (0, 2 * FLOATS)


def test_what_came_from_outside_counts_when_asked_for() -> None:
    outside = torch.zeros(1000)
    with StoragePeak() as peak:
        outside.add_(1)
        assert peak.live == 0
        peak.count(outside)
        peak.count(outside[:10])
        assert peak.live == FLOATS


def test_gradients_and_saved_tensors() -> None:
    weight = torch.zeros(1000, requires_grad=True)
    with StoragePeak() as peak:
        loss = (weight.exp() * weight).sum()
        saved = peak.live
        loss.backward()
        del loss
        assert weight.grad is not None
        assert peak.live == FLOATS
    assert saved >= FLOATS
