from __future__ import annotations

from gemma_audio.evaluation.score import marked, official, strict

CHOICES = ("a dog barks", "a cat purrs", "rain", "The wind")


def test_official_rule_by_hand() -> None:
    def right(text: str) -> bool:
        return official("a cat purrs", text, CHOICES)

    assert right("a cat purrs")
    assert right("A CAT -- purrs!!! purrs")
    assert right("I hear that a cat purrs")
    assert not right("cat purrs"), "the gold's 'a' is missing"
    assert not right("a cat purrs in the rain")
    assert not right("the sound: a cat purrs"), "'the' belongs to a wrong choice only"
    assert not right("")
    assert not right("...!")
    assert right("a purrs cat"), "order is ignored"


def test_official_rule_with_equal_word_sets_and_duplicates() -> None:
    choices = ("happy, sad", "sad, happy", "angry", "angry")
    assert official("happy, sad", "sad, happy", choices)
    assert official("angry", "angry", choices)
    assert not official("angry", "happy angry", choices)


def test_underscores_digits_and_accents_are_word_characters() -> None:
    assert official("120_bpm", "120_BPM", ("120_bpm", "90"))
    assert not official("120 bpm", "120_bpm", ("120 bpm", "90"))
    assert official("thé", "Thé.", ("café", "thé"))


def test_strict_index() -> None:
    assert strict(2, (0, 2))
    assert not strict(1, (0, 2))
    assert not strict(None, (0, 2))
    assert not strict(None, ())


def test_the_option_that_a_text_marks() -> None:
    assert marked("It is a cat purrs", CHOICES) == 1
    assert marked("B", CHOICES) is None
    assert marked("", CHOICES) is None
    assert marked("rain and a dog barks", CHOICES) is None
    assert marked("angry", ("sad", "angry", "angry")) == 1
    swapped = ("happy, sad", "sad, happy", "angry")
    assert marked("Answer: Sad, happy", swapped) == 1
    assert marked("sad happy", swapped) is None
