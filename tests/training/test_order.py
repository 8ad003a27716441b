from __future__ import annotations

import numpy as np
import pytest

from gemma_audio.training import order


@pytest.mark.parametrize(("size", "examples"), [(4, 10), (16, 10), (7, 7), (3, 1)])
def test_every_example_once_before_any_twice(size: int, examples: int) -> None:
    flat = [index for batch in range(30) for _, index in order.picks(3, batch, size, examples)]
    for epoch in range(len(flat) // examples):
        assert sorted(flat[epoch * examples : (epoch + 1) * examples]) == list(range(examples))


def test_the_order_does_not_depend_on_the_batch_size() -> None:
    def flat(size: int) -> list[tuple[int, int]]:
        return [pick for batch in range(48 // size) for pick in order.picks(5, batch, size, 13)]

    assert flat(16) == flat(4) == flat(1)
    assert [position for position, _ in flat(16)] == list(range(48))


def test_a_batch_is_the_same_whatever_was_asked_before() -> None:
    alone = order.picks(9, 40, 8, 100)
    for batch in range(60):
        order.picks(8, batch, 8, 31)
    assert order.picks(9, 40, 8, 100) == alone
    assert order.picks(10, 40, 8, 100) != alone


def test_streams_and_numbers_are_independent() -> None:
    draws = {
        (stream, number): int(order.generator(1, stream, number).integers(2**60))
        for stream in (order.ORDER, order.CHOICE)
        for number in range(200)
    }
    assert len(set(draws.values())) == len(draws)
    assert len({order.torch_seed(seed, batch) for seed in range(20) for batch in range(50)}) == 1000


def test_choices_are_spread_evenly() -> None:
    counts = np.bincount([int(order.generator(0, order.CHOICE, at).integers(5)) for at in range(5000)])
    assert counts.min() > 900  # 5000/5 = 1000, standard deviation 28
