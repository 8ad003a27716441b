"""Counts that were measured on MMAU's own file with another implementation (and partly published by others)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from string import ascii_uppercase

import pytest

from gemma_audio.evaluation import benchmarks
from gemma_audio.evaluation.item import Benchmark, Item
from gemma_audio.evaluation.score import official


@pytest.fixture
def benchmark(mmau_folder: Path, evaluation) -> Benchmark:
    cfg = evaluation(file=str(mmau_folder / "mmau-test-mini.json"), audio_dir=str(mmau_folder))
    return benchmarks.load(cfg, None)


def right(items: list[Item], text: str) -> int:
    return sum(
        official(item.answer, text.format(X=ascii_uppercase[item.gold[0]], gold=item.answer), item.choices) for item in items
    )


def test_rows(benchmark: Benchmark) -> None:
    items = benchmark.items
    assert benchmark.rejected == []
    assert benchmark.warnings == []
    assert benchmark.revision.startswith("2025-08-09")
    assert len(items) == 1000
    assert Counter(item.task for item in items) == {"sound": 333, "music": 334, "speech": 333}
    assert Counter(item.category for item in items) == {"Reasoning": 677, "Information Extraction": 323}
    assert len({item.subcategory for item in items}) == 27
    assert Counter(len(item.choices) for item in items) == {4: 948, 2: 27, 5: 24, 8: 1}
    assert Counter(item.gold[0] for item in items) == {0: 395, 1: 271, 2: 208, 3: 126}
    assert sum(len(item.gold) > 1 for item in items) == 16


def test_official_rule(benchmark: Benchmark) -> None:
    items = benchmark.items
    assert right(items, "{gold}") == 1000
    assert right(items, "({X}) {gold}") == 967
    assert right(items, "{X}. {gold}") == 967
    assert right(items, "The answer is ({X}) {gold}") == 879
    assert right(items, "The correct answer is: {gold}") == 907
    assert right(items, "{X}") == 2
    assert sum(official(item.answer, " ".join(item.choices), item.choices) for item in items) == 1


def test_wrong_choices_that_score_as_right(benchmark: Benchmark) -> None:
    wrong = [
        item.id
        for item in benchmark.items
        for index, choice in enumerate(item.choices)
        if index not in item.gold and official(item.answer, choice, item.choices)
    ]
    assert len(wrong) == 12
    known = "bbabe360, 004fd9c5, 40c9c875, 8cbc0f29, 4e96cbe1, 35330c05, 42e35733, e6e02fec, 7fa63d67"
    assert {key[:8] for key in wrong} == set(known.split(", "))


def test_the_one_genuine_clip(benchmark: Benchmark) -> None:
    samples = benchmark.audio(benchmark.items[0])
    assert len(samples) == 160_000
    assert benchmark.notes[benchmark.items[0].id] == ("resampled from 32000 Hz",)
