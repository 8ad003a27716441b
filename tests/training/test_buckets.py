"""Buckets pad little, use every row once, keep batches mixed, and are a pure function of seed and pool."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training_cases import make_module, make_stage, train

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Model
from gemma_audio.training.buckets import deal, micro_batches, padded

SEED = 3


def lengths(rows: int, seed: int) -> list[int]:
    """Clips of 10 to 30 s at 25 tokens a second, and about 140 tokens of text."""
    draw = np.random.default_rng([SEED, seed])
    return [int(n) for n in 25 * draw.uniform(10, 30, rows) + draw.normal(140, 20, rows)]


def waste(batches: list[list[range]], micro: int) -> float:
    return 1 - sum(len(row) for batch in batches for row in batch) / sum(padded(batch, micro) for batch in batches)


def test_padding_is_at_most_three_per_cent_at_the_published_batch() -> None:
    print("seed", SEED)
    within, pooled = [], []
    for pool in range(5):
        rows = [range(n) for n in lengths(32 * 50, pool)]
        within.append(waste([rows[at : at + 32] for at in range(0, len(rows), 32)], 4))
        pooled.append(waste([[rows[at] for at in batch] for batch in deal(SEED, pool, [*map(len, rows)], 32, 4)], 4))
    assert max(pooled) <= 0.03, pooled
    assert min(within) > 0.03, "sorting within the batch alone would do"


def test_micro_batches_are_the_ones_that_were_dealt() -> None:
    found = lengths(32 * 6, 1)
    for batch in deal(SEED, 0, found, 32, 4):
        dealt = sorted(sorted(found[at] for at in batch[start : start + 4]) for start in range(0, 32, 4))
        assert [[len(row) for row in part] for part in micro_batches([range(found[at]) for at in batch], 4)] == dealt


@pytest.mark.parametrize(("batches", "size", "micro"), [(50, 32, 4), (3, 8, 8), (1, 4, 1), (7, 6, 3)])
def test_every_row_of_a_pool_is_used_once(batches: int, size: int, micro: int) -> None:
    dealt = deal(SEED, 4, lengths(batches * size, 2), size, micro)
    assert [len(batch) for batch in dealt] == [size] * batches
    assert sorted(row for batch in dealt for row in batch) == list(range(batches * size))


def test_batches_stay_mixed_and_differ_from_pool_to_pool() -> None:
    found = lengths(32 * 50, 3)
    dealt = deal(SEED, 0, found, 32, 4)
    means = [float(np.mean([found[row] for row in batch])) for batch in dealt]
    # Eight independent micro-batches each: U(250, 750) has a deviation of 144, their mean one of 51.
    assert 25 < np.std(means) < 85
    assert abs(np.corrcoef(means, range(len(means)))[0, 1]) < 0.5, "no curriculum from short to long"
    assert deal(SEED, 0, found, 32, 4) == dealt
    assert deal(SEED, 1, found, 32, 4) != dealt != deal(SEED + 1, 0, found, 32, 4)


def test_a_stage_reads_the_same_rows_pool_by_pool_whatever_was_asked_before(base: Model, data: Path) -> None:
    plain = make_stage(Objective.qa, steps=5, batch_size=8, micro_batch_size=2)
    stage = replace(plain, bucket_pool=2)
    first, second, other = (make_module(of, base, data).examples for of in (stage, stage, plain))
    backwards = {batch: [example.id for example, _ in first.picks(batch)] for batch in (4, 0, 3, 1, 2)}
    assert backwards == {batch: [example.id for example, _ in second.picks(batch)] for batch in range(5)}
    whole = [sorted(example.id for example, _ in other.picks(batch)) for batch in range(5)]
    for pool in ((0, 1), (2, 3), (4,)):
        assert sorted(name for at in pool for name in backwards[at]) == sorted(name for at in pool for name in whole[at])
    assert [sorted(names) for _, names in sorted(backwards.items())] != whole
    texts = {row_text(row) for batch in range(4) for row in first.rows(batch)}
    assert texts == {row_text(row) for batch in range(4) for row in other.rows(batch)}, "each row keeps its own choices"
    assert first.visited(5) == other.visited(5)


def row_text(row: object) -> str:
    return repr((row.prompt, row.answer))  # type: ignore[attr-defined]


def test_a_run_with_buckets_pads_less_and_says_how_much(base: Model, data: Path, tmp_path: Path) -> None:
    shares = []
    for pool in (None, 4):
        stage = make_stage(Objective.caption, steps=4, batch_size=8, micro_batch_size=4, bucket_pool=pool)
        record = train(stage, base, data, tmp_path / str(pool))
        assert json.loads((tmp_path / str(pool) / "training.json").read_text())["padding"] == record["padding"]
        module = make_module(stage, base, data)
        rows = [module.examples.rows(batch) for batch in range(4)]
        whole = sum(len(part) * max(map(len, part)) for batch in rows for part in micro_batches(batch, 4))
        assert record["padding"] == pytest.approx(1 - sum(len(row) for batch in rows for row in batch) / whole, abs=1e-4)
        shares.append(record["padding"])
    assert 0 < shares[1] < shares[0]
