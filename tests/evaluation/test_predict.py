from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gemma_audio.audio import MissingAudioError
from gemma_audio.config.kinds import Method
from gemma_audio.errors import AudioError, GemmaAudioError
from gemma_audio.evaluation import predict as module
from gemma_audio.evaluation.item import Benchmark, Item
from gemma_audio.evaluation.memory import Batches
from gemma_audio.evaluation.predict import predict
from gemma_audio.models.memory import is_out_of_memory

SEED = 17


def benchmark(count: int = 11, faults: dict[str, AudioError] | None = None) -> Benchmark:
    def audio(item: Item) -> np.ndarray:
        if faults and item.id in faults:
            raise faults[item.id]
        draw = np.random.default_rng([SEED, int(item.id)])
        return draw.normal(0, 0.1, int(draw.integers(2000, 30_000))).astype(np.float32)

    choices = [("yes", "no"), ("dog", "cat", "cow", "bird"), ("one", "two", "three", "four", "five")]
    items = [
        Item(str(n), f"{n}.wav", f"Question {n}?", choices[n % 3], choices[n % 3][0], "sound", "", "s", "", "")
        for n in range(count)
    ]
    return Benchmark("made", "0" * 64, "unknown", items, [], audio)


def answers(predictions: list[Any]) -> list[tuple[Any, ...]]:
    return [(p.presented.item.id, p.text, p.chosen, p.failure) for p in predictions]


def test_batch_size_windows_and_order_change_nothing(tiny, evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    model, encoder = tiny
    print("seed", SEED)
    alone = predict(evaluation(batch_size=1), benchmark(), model, encoder)
    assert [p.presented.item.id for p in alone] == [str(n) for n in range(11)], "predictions keep the benchmark's order"
    for size, window in ((4, 512), (64, 512), (4, 5), (3, 1)):
        monkeypatch.setattr(module, "WINDOW", window)
        batched = predict(evaluation(batch_size=size), benchmark(), model, encoder)
        assert answers(batched) == answers(alone)
        for one, other in zip(alone, batched, strict=True):
            assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_out_of_memory_halves_the_batch_and_changes_no_answer(tiny, evaluation, error: Exception) -> None:
    model, encoder = tiny
    expected = predict(evaluation(batch_size=8), benchmark(), model, encoder)
    sizes: list[int] = []

    def refuse(_: Any, arguments: Any, keywords: dict[str, Any]) -> None:
        if "input_features" in keywords:
            sizes.append(len(keywords["input_ids"]))
            if sizes[-1] > 3:
                raise error

    hook = model.register_forward_pre_hook(refuse, with_kwargs=True)
    batches = Batches(8)
    try:
        predictions = predict(evaluation(batch_size=8), benchmark(), model, encoder, batches=batches)
    finally:
        hook.remove()
    assert sizes[:4] == [8, 4, 2, 2]
    assert (batches.size, batches.halvings) == (2, 2)
    assert answers(predictions) == answers(expected)


def test_a_single_question_that_does_not_fit_stops_with_advice() -> None:
    def work(rows: Any) -> list[int]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(GemmaAudioError, match="single question"):
        Batches(4).run([1, 2, 3], work)


def test_other_errors_are_not_retried() -> None:
    calls: list[int] = []

    def work(rows: Any) -> list[int]:
        calls.append(len(rows))
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        Batches(4).run([1, 2, 3], work)
    assert calls == [3]


def test_real_allocation_failure_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**15)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(ValueError("out of memory"))


def test_bad_and_missing_sounds_are_failures_of_their_items_alone(tiny, evaluation) -> None:
    model, encoder = tiny
    faults = {"2": MissingAudioError("2.wav: no such sound file"), "7": AudioError("7.wav: empty\n    fetch it again")}
    seen: list[tuple[int, int, dict[str, Any]]] = []
    predictions = predict(evaluation(), benchmark(faults=faults), model, encoder, progress=lambda *state: seen.append(state))
    assert [p.failure for p in predictions if p.failure] == ["missing audio: 2.wav", "bad audio: 7.wav: empty; fetch it again"]
    assert all(p.chosen is None and p.text == "" for p in predictions if p.failure)
    whole = predict(evaluation(), benchmark(), model, encoder)
    assert [a for a in answers(predictions) if not a[3]] == [a for a in answers(whole) if a[0] not in faults]
    assert [state[0] for state in seen] == [2, 6, 10, 11], "after the failures, then after every batch"
    assert seen[-1] == (11, 11, {"failed": 2})


def test_all_sounds_missing_needs_no_model(tiny, evaluation) -> None:
    faults = {str(n): MissingAudioError("gone") for n in range(11)}
    assert all(p.failure for p in predict(evaluation(), benchmark(faults=faults), tiny[0], tiny[1]))


def test_orders_are_kept_with_the_prediction(tiny, evaluation) -> None:
    model, encoder = tiny
    orders = {"1": (3, 2, 1, 0), "2": (4, 0, 1, 2, 3)}
    predictions = predict(evaluation(method=Method.letter), benchmark(), model, encoder, orders=orders)
    assert predictions[0].record("letter")["order"] == [0, 1]
    assert predictions[1].record("letter")["order"] == [3, 2, 1, 0]
    assert predictions[2].record("letter")["order"] == [4, 0, 1, 2, 3]
    for p in predictions:
        assert p.chosen == int(np.argmax(p.logprobs))
        assert p.text == p.presented.item.choices[p.chosen]
