from __future__ import annotations

from pathlib import Path

import pytest
from training_cases import make_module, make_stage

from gemma_audio.config.kinds import Objective
from gemma_audio.config.schema import Model, Prompts
from gemma_audio.data.example import Example
from gemma_audio.errors import ConfigError
from gemma_audio.training.examples import draw, select
from gemma_audio.training.heads import UNKNOWN, Labels
from gemma_audio.training.order import CHOICE, generator


def example(source: str, kind: str = "caption") -> Example:
    return Example(f"{source}-{kind}", "clip", source, kind, "", (), "text")


def test_rows_are_prompt_then_answer_then_end_of_turn(base: Model, data: Path) -> None:
    module = make_module(make_stage(Objective.qa), base, data)
    rows, picks = module.examples.rows(2), module.examples.picks(2)
    tokenizer = module.examples.encoder.tokenizer
    for row, (example_, _) in zip(rows, picks, strict=True):
        prompt = tokenizer.decode(row.prompt)
        assert example_.question in prompt
        assert all(choice in prompt for choice in example_.choices)
        assert prompt.endswith("<|turn>model\n")
        assert tokenizer.decode(row.answer) == example_.answer + "<turn|>"
        assert row.prompt.count(module.base.config.audio_token_id) == module.examples.clips.tokens(example_.clip)


def test_the_same_batch_is_the_same_rows(base: Model, data: Path) -> None:
    first, second = (make_module(make_stage(Objective.caption), base, data) for _ in range(2))
    second.examples.rows(5)
    assert [row.prompt + row.answer for row in first.examples.rows(3)] == [
        row.prompt + row.answer for row in second.examples.rows(3)
    ]


def test_prompts_rotate_at_random_over_all_sources() -> None:
    prompts = Prompts(name="p", by_source={"*": ["a", "b", "c"], "music": ["only"]})
    drawn = [draw(prompts, "speech", generator(0, CHOICE, at)) for at in range(300)]
    assert all(70 < drawn.count(prompt) < 130 for prompt in "abc")
    assert {draw(prompts, "music", generator(0, CHOICE, at)) for at in range(20)} == {"only"}


def test_a_source_without_a_prompt_is_named() -> None:
    with pytest.raises(ConfigError, match="no prompt for the source 'speech'"):
        draw(Prompts(name="p", by_source={"music": ["x"]}), "speech", generator(0, CHOICE, 0))


def test_question_prompts_need_a_place_for_the_question(base: Model, data: Path) -> None:
    module = make_module(make_stage(Objective.qa, prompts=Prompts(name="p", by_source={"*": ["Listen."]})), base, data)
    with pytest.raises(ConfigError, match=r"lacks \{question\}"):
        module.examples.rows(0)


def test_sources_are_filtered_and_unknown_ones_named() -> None:
    every = [example("clotho"), example("musicqa"), example("music_qa", "qa")]
    assert select(every, ["caption"], []) == every[:2]
    assert select(every, ["caption"], ["musicqa"]) == every[1:2]
    with pytest.raises(ConfigError, match=r"no caption example of music_qa\n.*clotho, musicqa"):
        select(every, ["caption"], ["clotho", "music_qa"])
    with pytest.raises(ConfigError, match="no qa example"):
        select(every[:2], ["qa"], [])


def test_labels_have_one_head_per_word_and_know_what_is_missing() -> None:
    labels = Labels([{"word": "ba di"}, {"word": "gu ba", "tone": "sad"}, {"tone": "glad"}])
    assert labels.classes == {("tone", 0): ["glad", "sad"], ("word", 0): ["ba", "gu"], ("word", 1): ["ba", "di"]}
    assert labels.of({"word": "gu di"}) == [UNKNOWN, 1, 1]
    assert labels.of({"tone": "sad"}) == [1, UNKNOWN, UNKNOWN]
