"""Every method against plain forward passes without padding and cache, and batched against one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gemma_audio.config.kinds import Method
from gemma_audio.data.collate import Encoded, collate
from gemma_audio.errors import ConfigError
from gemma_audio.evaluation.item import Item
from gemma_audio.evaluation.methods import METHODS
from gemma_audio.evaluation.methods.letter import spellings
from gemma_audio.evaluation.prediction import Prediction, Query, most_likely
from gemma_audio.evaluation.prompt import present, render

SEED = 41
CHOICES = (
    ("a dog", "a cat", "rain", "the first syllable is stressed"),
    ("yes", "no"),
    ("one", "two", "three", "four", "five"),
    ("low", "a very high tone", "low", "none of the others"),
    tuple(f"option {n}" for n in range(8)),
)


def queries(cfg: Any, encoder: Any, order: tuple[int, ...] | None = None) -> list[Query]:
    draw = np.random.default_rng(SEED)
    made = []
    for number, choices in enumerate(CHOICES):
        question = " ".join(["Which one"] * (number * number + 1)) + "?"
        item = Item(str(number), "", question, choices, choices[-1], "sound", "Reasoning", "Counting", "easy", "made")
        presented = present(item, order if order and len(order) == len(choices) else None)
        features = encoder.features(draw.normal(0, 0.1, 4000 + 9000 * (len(CHOICES) - number)).astype(np.float32))
        prompt = encoder.prompt(render(cfg, presented), encoder.audio_tokens(len(features)))
        made.append(Query(presented, Encoded(prompt, [], features)))
    return made


def run(tiny: Any, cfg: Any, rows: list[Query]) -> list[Prediction]:
    with torch.inference_mode():
        return METHODS[cfg.method](tiny[0], tiny[1], rows, cfg)


def next_token_logprobs(model: Any, encoder: Any, query: Query, answer: list[int]) -> torch.Tensor:
    """Log-probabilities (len(answer) + 1, vocabulary) after the prompt and each answer token: one unpadded, cache-less pass."""
    row = Encoded(query.encoded.prompt, answer, query.encoded.features)
    batch = collate([row], encoder.pad_id)
    del batch["labels"]
    with torch.inference_mode():
        logits = model(**batch, use_cache=False).logits[0, len(row.prompt) - 1 :]
    return logits.log_softmax(-1)


def test_option_text_is_the_mean_log_probability_of_a_plain_forward_pass(tiny, evaluation) -> None:
    print("seed", SEED)
    model, encoder = tiny
    rows = queries(evaluation(), encoder)
    assert {len(row.encoded.prompt) for row in rows} != {len(rows[0].encoded.prompt)}, "the batch must need padding"
    for query, prediction in zip(rows, run(tiny, evaluation(), rows), strict=True):
        expected = []
        for text in query.presented.item.choices:
            ids = encoder.answer(text)
            assert ids[-1] == encoder.end_of_turn
            table = next_token_logprobs(model, encoder, query, ids[:-1])
            expected.append(float(table.gather(1, torch.tensor(ids)[:, None]).mean()))
        assert prediction.logprobs == pytest.approx(expected, abs=1e-4)
        assert prediction.chosen == int(np.argmax(np.round(expected, 5)))
        assert prediction.text == query.presented.item.choices[prediction.chosen]


def test_letters_are_the_first_answer_token(tiny, evaluation) -> None:
    model, encoder = tiny
    cfg = evaluation(method=Method.letter)
    rows = queries(cfg, encoder)
    for query, prediction in zip(rows, run(tiny, cfg, rows), strict=True):
        table = next_token_logprobs(model, encoder, query, [])[0]
        expected = [float(table[encoder.tokenizer.convert_tokens_to_ids(letter)]) for letter in "ABCDEFGH"]
        assert len(prediction.logprobs) == len(query.presented.item.choices)
        assert prediction.logprobs == pytest.approx(expected[: len(prediction.logprobs)], abs=1e-4)


class Letters:
    """A tokenizer that knows some texts as one token."""

    def __init__(self, known: dict[str, int]) -> None:
        self.known = known
        self.tokenizer = lambda text, add_special_tokens: {"input_ids": [known[text]] if text in known else [0, 1]}


def test_letter_spellings() -> None:
    both = {"A": 5, "B": 6, " A": 15, " B": 16}
    assert spellings(Letters(both), 2) == [[5, 15], [6, 16]]  # type: ignore[arg-type]
    del both[" B"]
    assert spellings(Letters(both), 2) == [[5], [6]], "no letter may have a spelling that another lacks"  # type: ignore[arg-type]
    del both["B"]
    with pytest.raises(ConfigError, match="method=option_text"):
        spellings(Letters(both), 2)  # type: ignore[arg-type]


def greedy(model: Any, encoder: Any, query: Query, steps: int) -> list[int]:
    answer: list[int] = []
    while len(answer) < steps:
        token = int(next_token_logprobs(model, encoder, query, answer)[-1].argmax())
        if token in (encoder.end_of_turn, encoder.tokenizer.eos_token_id):
            break
        answer.append(token)
    return answer


def test_generate_is_greedy_whatever_the_model_ships(tiny, evaluation) -> None:
    model, encoder = tiny
    cfg = evaluation(method=Method.generate, max_new_tokens=5)
    rows = queries(cfg, encoder)
    own = model.generation_config
    model.generation_config = type(own)(do_sample=True, temperature=5.0, repetition_penalty=9.0, max_length=3, top_k=64)
    try:
        predictions = run(tiny, cfg, rows)
        assert model.generation_config.repetition_penalty == 9.0
    finally:
        model.generation_config = own
    for query, prediction in zip(rows, predictions, strict=True):
        expected = encoder.tokenizer.decode(greedy(model, encoder, query, 5), skip_special_tokens=True)
        assert prediction.text == expected
        assert prediction.logprobs == ()


def test_generate_stops_at_the_end_of_turn(tiny, evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    model, encoder = tiny
    cfg = evaluation(method=Method.generate, max_new_tokens=5)
    rows = queries(cfg, encoder)
    third = greedy(model, encoder, rows[0], 5)[2]
    monkeypatch.setattr(encoder, "end_of_turn", third)
    before = greedy(model, encoder, rows[0], 5)
    assert len(before) <= 2
    assert run(tiny, cfg, rows)[0].text == encoder.tokenizer.decode([*before, third]), "an ordinary token here, so it shows"


@pytest.mark.parametrize("method", list(Method))
def test_batched_is_one_at_a_time(tiny, evaluation, method: Method) -> None:
    cfg = evaluation(method=method)
    rows = queries(cfg, tiny[1])
    together = run(tiny, cfg, rows)
    for query, batched in zip(rows, together, strict=True):
        alone = run(tiny, cfg, [query])[0]
        assert batched.logprobs == pytest.approx(alone.logprobs, abs=1e-4)
        assert (batched.chosen, batched.text, batched.failure) == (alone.chosen, alone.text, alone.failure)
    assert [p.presented.item.id for p in together] == [q.presented.item.id for q in rows]


def test_the_sound_reaches_the_answer(tiny, evaluation) -> None:
    rows = queries(evaluation(), tiny[1])
    deaf = [Query(q.presented, Encoded(q.encoded.prompt, [], np.zeros_like(q.encoded.features))) for q in rows]
    pairs = zip(run(tiny, evaluation(), rows), run(tiny, evaluation(), deaf), strict=True)
    assert all(np.abs(np.subtract(heard.logprobs, silent.logprobs)).max() > 1e-3 for heard, silent in pairs)


def test_another_order_is_shown_and_mapped_back(tiny, evaluation) -> None:
    model, encoder = tiny
    cfg = evaluation(method=Method.letter)
    order = (3, 1, 0, 2)
    rows = queries(cfg, encoder, order)
    prediction = run(tiny, cfg, rows)[0]
    item = rows[0].presented.item
    shown = render(cfg, rows[0].presented)
    assert shown.index("(A) the first syllable") < shown.index("(B) a cat") < shown.index("(C) a dog") < shown.index("(D) rain")
    table = next_token_logprobs(model, encoder, rows[0], [])[0]
    letters = [float(table[encoder.tokenizer.convert_tokens_to_ids(letter)]) for letter in "ABCD"]
    assert prediction.logprobs == pytest.approx([letters[2], letters[1], letters[3], letters[0]], abs=1e-4)
    assert prediction.text == item.choices[order[int(np.argmax(letters))]]
    with pytest.raises(ValueError, match="no permutation"):
        present(item, (0, 1, 2, 2))


def test_most_likely_never_guesses() -> None:
    item = Item("x", "", "?", ("a", "b", "a"), "b", "sound", "", "", "", "")
    assert most_likely(present(item), [-3.0, -2.0, -9.0]).chosen == 1
    assert most_likely(present(item), [-3.0, -4.0, -2.0]).chosen == 0, "of equal texts the first"
    for bad in (float("nan"), float("inf"), float("-inf")):
        prediction = most_likely(present(item), [bad, -1.0, -2.0])
        assert prediction.chosen is None
        assert "not finite" in prediction.failure


def test_a_model_of_nan_answers_nothing(tiny, evaluation) -> None:
    model, encoder = tiny
    rows = queries(evaluation(), encoder)
    parameter = model.model.embed_audio.embedding_projection.weight
    saved = parameter.detach().clone()
    try:
        parameter.data[0, 0] = float("nan")
        for method in (Method.option_text, Method.letter):
            predictions = run(tiny, evaluation(method=method), rows)
            assert all(p.chosen is None and p.failure for p in predictions)
    finally:
        parameter.data.copy_(saved)


@pytest.mark.parametrize("same", [True, False], ids=["equal lengths", "padded"])
def test_a_letter_costs_one_forward_pass_whose_last_layers_see_one_position(tiny, evaluation, same: bool) -> None:
    model, encoder = tiny
    cfg = evaluation(method=Method.letter)
    rows = queries(cfg, encoder)
    rows = [rows[0]] * 2 if same else rows
    widths: list[int] = []
    layers = model.model.language_model.layers
    hooks = [layer.register_forward_hook(lambda _, inputs, output: widths.append(output.shape[1])) for layer in layers]
    run(tiny, cfg, rows)
    for hook in hooks:
        hook.remove()
    whole = max(len(row.encoded.prompt) for row in rows)
    shared = model.config.text_config.num_kv_shared_layers
    assert widths == [whole] * (len(layers) - shared) + [1] * shared
