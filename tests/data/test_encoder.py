"""Encoder and collate against the stock processor, which nobody here wrote."""

import numpy as np
import pytest
import torch

from gemma_audio.data.collate import IGNORED, Encoded, collate
from gemma_audio.data.encoder import RATE, Encoder
from gemma_audio.world.tiny import build_model

QUESTION = "Which word is said?\n(A) da su sa\n(B) an unheard WORD, with 3 signs!"


@pytest.fixture(scope="module")
def built():
    model, processor = build_model()
    return model.eval(), processor, Encoder(processor)


def waves() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(0.1 * rng.standard_normal(n)).astype(np.float32) for n in (16_000, 25_613, 29_001, 31_987)]


@pytest.mark.parametrize("side", ["left", "right"])
def test_batch_is_the_processors_batch_bit_for_bit(built, side: str) -> None:
    _, processor, encoder = built
    message = [{"role": "user", "content": [{"type": "audio"}, {"type": "text", "text": QUESTION}]}]
    text = processor.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
    options = {"padding": True, "padding_side": side, "add_special_tokens": False}
    stock = processor(text=[text] * 4, audio=waves(), return_tensors="pt", text_kwargs=options)
    features = [encoder.features(wave) for wave in waves()]
    rows = [Encoded(encoder.prompt(QUESTION, encoder.audio_tokens(len(f))), [], f) for f in features]
    ours = collate(rows, encoder.pad_id, side)
    frames = ours["input_features"].shape[1]
    assert torch.equal(ours["input_ids"], stock["input_ids"])
    assert torch.equal(ours["attention_mask"], stock["attention_mask"])
    assert torch.equal(ours["input_features"], stock["input_features"][:, :frames])
    assert not stock["input_features_mask"][:, frames:].any()


def test_answer_continues_the_chat_template(built) -> None:
    _, processor, encoder = built
    text = "da su sa"
    messages = [
        {"role": "user", "content": [{"type": "audio"}, {"type": "text", "text": QUESTION}]},
        {"role": "assistant", "content": [{"type": "text", "text": text}]},
    ]
    whole = processor.tokenizer(processor.apply_chat_template(messages, tokenize=False), add_special_tokens=False)["input_ids"]
    prompt = encoder.prompt(QUESTION, 1)
    at = prompt.index(encoder.tokenizer.convert_tokens_to_ids("<|audio>"))
    plain = prompt[:at] + prompt[at + 1 : at + 2] + prompt[at + 3 :]
    newline = encoder.tokenizer("\n", add_special_tokens=False)["input_ids"]
    assert plain + encoder.answer(text) + newline == whole
    assert encoder.answer(text)[-1] == encoder.end_of_turn


def test_placeholders_match_the_towers_output(built) -> None:
    model, _, encoder = built
    for wave in waves():
        features = encoder.features(wave)
        mask = torch.ones(1, len(features), dtype=torch.bool)
        heard = model.model.get_audio_features(torch.from_numpy(features)[None], mask, return_dict=True)
        assert encoder.audio_tokens(len(features)) == int(heard.attention_mask.sum())


def test_labels_cover_answers_alone() -> None:
    features = np.zeros((8, 4), np.float32)
    batch = collate([Encoded([5, 6, 7], [8, 9], features), Encoded([5], [4], features[:4])], pad_id=0)
    assert batch["labels"].tolist() == [[IGNORED] * 3 + [8, 9], [IGNORED, 4, IGNORED, IGNORED, IGNORED]]
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9], [5, 4, 0, 0, 0]]
    assert batch["input_features_mask"].sum(1).tolist() == [8, 4]


def test_features_of_a_second_are_about_a_hundred_frames(built) -> None:
    _, _, encoder = built
    assert encoder.features(np.zeros(RATE, np.float32)).shape[0] in (98, 99, 100)
