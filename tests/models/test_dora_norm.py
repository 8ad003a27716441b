"""The norm from factors: as exact as the dense one, and guarded where its terms cancel."""

from __future__ import annotations

import pytest
import torch
from dora_cases import RANK, distances, fast, figures, layer_of, linear, wrapped

from gemma_audio.models.dora import norm


def made(out: int, width: int, rank: int, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(*shape, generator=generator).to(dtype) for shape in ((out, width), (rank, width), (out, rank))]


def dense(weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor, s: float) -> torch.Tensor:
    return (weight.double() + s * (b.double() @ a.double())).norm(dim=1)


def off(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float(((found.double() - expected) / expected).abs().max())


@pytest.mark.parametrize("scale", [0.0, 0.01, 0.3, 3.0])
@pytest.mark.parametrize("weights", [torch.float32, torch.bfloat16])
def test_norm_from_factors(weights: torch.dtype, scale: float) -> None:
    weight, a, b = made(300, 700, 16)
    weight, b = weight.to(weights), b * scale
    found, inexact = norm.factored(weight, a, b, 2.0, norm.squares(weight, torch.float32))
    assert found.dtype == torch.float32
    assert not inexact
    assert off(found, dense(weight, a, b, 2.0)) <= 1e-6
    assert off(norm.exact(weight, a, b, 2.0), dense(weight, a, b, 2.0)) <= 1e-6


@pytest.mark.parametrize("rest", [1e-1, 1e-2, 1e-3, 1e-4])
def test_where_terms_cancel_the_exact_norm_stands_in(rest: float) -> None:
    noise, a, b = made(64, 640, RANK)
    weight = -2.0 * (b @ a) + rest * noise
    model = wrapped(linear(640, 64))
    layer = layer_of(model)
    for tensor, value in ((layer.base_layer, weight), (layer.lora_A["default"], a), (layer.lora_B["default"], b)):
        tensor.weight.data.copy_(value)
    wrong, inexact = norm.factored(weight, a, b, 2.0, norm.squares(weight, torch.float32))
    assert inexact
    expected = dense(weight, a, b, 2.0)
    kept = layer_of(quick := fast(model)).norms.of(layer_of(quick))
    assert off(kept, expected) <= 1e-6 / rest
    if rest <= 1e-3:
        assert off(kept, expected) < 0.01 * off(wrong, expected)


def test_one_row_that_cancels_is_enough() -> None:
    weight, a, b = made(5, 40, 2)
    weight[3] = -2.0 * (b @ a)[3] * (1 + 1e-4)
    assert norm.factored(weight, a, b, 2.0, norm.squares(weight, torch.float32))[1]


def test_a_magnitude_of_zero_takes_pefts_own_product() -> None:
    model = wrapped(linear(20, 12, bias=True))
    layer_of(model).lora_magnitude_vector["default"].weight.data[5] = 0.0
    x, dy = torch.randn(2, 6, 20), torch.randn(2, 6, 12)
    quick, stock = figures(fast(model), x, dy), figures(model, x, dy)
    assert quick["base_model.model.lin.lora_magnitude_vector.default.weight"].isfinite().all()
    assert max(distances(quick, stock).values()) == 0.0
