"""What rounding loses, against closed forms and against sizes of updates whose loss is known."""

from __future__ import annotations

import pytest
import torch

from gemma_audio.models.export.fidelity import Loss, loss, total, warnings

ULP = 2.0**-7  # of bfloat16 between 1 and 2


def rounded(before: torch.Tensor, update: torch.Tensor) -> Loss:
    exact = before.float() + update
    return loss("w", before, exact, exact.to(before.dtype))


@pytest.mark.parametrize(
    ("step", "unchanged", "relative", "cosine"),
    [(0.4, 1.0, 1.0, 0.0), (0.6, 0.0, 0.4 / 0.6, 1.0), (1.0, 0.0, 0.0, 1.0), (1.25, 0.0, 0.25 / 1.25, 1.0)],
)
def test_single_values_round_to_the_nearest_neighbour(step: float, unchanged: float, relative: float, cosine: float) -> None:
    before = (1 + ULP * torch.arange(0, 128, 2)).to(torch.bfloat16)
    found = rounded(before, torch.full((64,), step * ULP))
    assert found.share_unchanged == unchanged
    assert found.relative == pytest.approx(relative, abs=1e-4)
    assert found.cosine == pytest.approx(cosine, abs=1e-4)


def test_nothing_is_lost_in_float32_or_without_an_update() -> None:
    before = torch.randn(32, 32, generator=torch.Generator().manual_seed(0))
    kept = rounded(before, torch.full_like(before, 1e-3))
    assert (kept.relative, round(kept.cosine, 6)) == (0.0, 1.0)
    still = rounded(before.to(torch.bfloat16), torch.zeros_like(before))
    assert (still.relative, still.cosine, still.share_unchanged) == (0.0, 1.0, 1.0)


def simulated(size: float) -> Loss:
    """A weight matrix of deviation 0.03, moved by `size` of its norm: 3e-4 to 6e-3 is what lr 1e-5 over 200 steps does."""
    generator = torch.Generator().manual_seed(1)
    before = (0.03 * torch.randn(512, 512, generator=generator)).to(torch.bfloat16)
    update = torch.randn(512, 512, generator=generator)
    return rounded(before, update * (size * before.float().norm() / update.norm()))


def test_small_updates_are_lost_as_simulated_and_large_ones_are_not() -> None:
    sizes = [3e-4, 1e-3, 6e-3, 6e-2]
    found = [simulated(size) for size in sizes]
    shares = [entry.share_unchanged for entry in found]
    assert shares[0] > 0.85
    assert shares[2] < 0.40
    assert shares[3] < 0.05
    assert shares == sorted(shares, reverse=True)
    errors = [entry.relative for entry in found]
    assert errors[0] > 0.8
    assert errors[3] < 0.05
    assert errors == sorted(errors, reverse=True)
    assert found[0].cosine < 0.6 < 0.95 < found[2].cosine


def test_tensors_add_up_to_the_loss_of_all_weights_together() -> None:
    before = torch.randn(64, 64, generator=torch.Generator().manual_seed(2)).to(torch.bfloat16)
    update = 1e-3 * torch.randn(64, 64, generator=torch.Generator().manual_seed(3))
    whole = rounded(before, update)
    parts = total([rounded(before[:20], update[:20]), rounded(before[20:], update[20:])])
    assert parts.figures() == {**{k: pytest.approx(v) for k, v in whole.figures().items() if k != "name"}, "name": "all"}


def test_warnings_name_the_share_and_the_remedy() -> None:
    lossy, fine = simulated(3e-4), simulated(6e-2)
    assert "--fp32" in warnings(lossy, 1.0)[-1]
    assert f"{lossy.relative:.0%}" in warnings(lossy, 1.0)[0]
    assert "answered otherwise" in warnings(fine, 0.96)[0]
    assert warnings(fine, 0.98) == warnings(fine, None) == []
