"""One answer read in four ways, by hand-made cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_audio.evaluation.readings import letter_in, question, unprefixed
from gemma_audio.evaluation.score import official

BARE = ("a dog", "a cat", "rain", "The wind")
PREFIXED = tuple(f"({letter}) {text}" for letter, text in zip("ABCD", BARE, strict=True))


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("B", 1), ("b", 1), (" (B) ", 1), ("B.", 1), ("[b]", 1), ("**B**", 1), ("`B`", 1), ("B) rain", 1), ("(B) rain", 1),
        ("B. rain", 1), ("B: rain", 1), ("**B.** rain", 1), ("B\nBecause it rains", 1), ("(B)rain", 1), ("Answer: B", 1),
        ("The answer is (B).", 1), ("the correct answer is B because of the rain", 1), ("Final answer: **C**", 2),
        ("I choose option D", 3), ("It must be (C), the rain", 2), ("Answer: B. So the answer is B", 1), ("answer is A.", 0),
        ("rain", None), ("", None), ("A dog barks", None), ("a dog", None), ("The answer is A dog", None),
        ("The answer is C major", None), ("The answer I give is rain", None), ("(A) or (B)", 0), ("either (A) or (B)", None),
        ("Answer: A. No, the answer is B", None), ("E", None), ("(Z) rain", None), ("Answer: H", None), ("ABC", None),
    ],
)  # fmt: skip
def test_the_letter_that_a_text_gives(text: str, index: int | None) -> None:
    assert letter_in(text, 4) == index


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("a cat", 1), ("A CAT ", 1), ("(B) a cat", 1), ("B. a cat", 1), ("I hear a cat", 1), ("B", 1), ("Answer: (B)", 1),
        ("(A) a cat", None), ("a cat and a dog", None), ("nothing", None), ("", None), ("E", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("choices", [BARE, PREFIXED])
def test_the_one_option_that_a_text_names(text: str, chosen: int | None, choices: tuple[str, ...]) -> None:
    assert question(choices, choices[1]).read(text).chosen == chosen


def test_prefixes_decide_the_official_rule_and_not_the_others() -> None:
    bare, prefixed = question(BARE, "a cat"), question(PREFIXED, "(B) a cat")
    assert (bare.prefixed, prefixed.prefixed) == (False, True)
    assert bare.gold == prefixed.gold == (1,)
    assert bare.read("a cat").official
    assert not prefixed.read("a cat").official, "the letter is a word of the gold"
    assert prefixed.read("(B) a cat").official
    assert bare.read("(B) a cat").official
    for form in (bare, prefixed):
        for text in ("a cat", "(B) a cat"):
            read = form.read(text)
            assert (read.stripped, read.strict) == (True, True)
    assert prefixed.read("B").letter
    assert not prefixed.read("B").official


def test_a_prefix_is_stripped_only_where_it_is_one() -> None:
    assert unprefixed("(B) a cat", BARE) == "a cat"
    assert unprefixed("B. a cat", BARE) == "a cat"
    assert unprefixed("(F) a cat", BARE) == "(F) a cat"
    assert unprefixed("A: the key", ("A: the key", "B flat")) == "A: the key"
    assert unprefixed("a cat", BARE) == "a cat"
    assert not question(("(A) x", "(C) y"), "(A) x").prefixed
    assert not question(("(A) x", "y"), "y").prefixed


def test_choices_that_repeat_the_gold_or_are_letters() -> None:
    twice = question(("angry", "sad", "angry"), "angry")
    assert twice.gold == (0, 2)
    assert twice.pick(2, "angry").strict
    assert twice.read("C").letter
    assert twice.read("C").strict
    letters = question(("C", "A", "B"), "B")
    assert letters.read("B").strict, "the option's own text"
    assert not letters.read("B").letter, "its letter is C"
    assert question(("x", "y"), "z").gold == ()


def test_a_picked_option_is_right_by_index() -> None:
    read = question(PREFIXED, PREFIXED[1]).pick(1, PREFIXED[1])
    assert (read.official, read.stripped, read.letter, read.strict, read.chosen) == (True, True, True, True, 1)
    assert not question(BARE, "rain").pick(0, BARE[0]).letter


@pytest.mark.parametrize(
    "text", ["a " * 500_000, "answer" + " " * 10**6 + "B", "(" * 10**6, "(A" * 500_000, "answer is A " * 90_000]
)
def test_a_million_characters_are_read(text: str) -> None:
    assert not question(BARE, "rain").read(text).official


@given(st.text(), st.lists(st.text(min_size=1), min_size=2, max_size=26), st.data())
def test_any_text_is_read_and_the_official_reading_is_the_rule(text: str, choices: list[str], data: st.DataObject) -> None:
    answer = data.draw(st.sampled_from(choices))
    said = data.draw(st.sampled_from([text, answer, f"(A) {text}", f"{text} {answer}"]))
    read = question(tuple(choices), answer).read(said)
    assert read.official == official(answer, said, choices)
    assert (
        read.strict == (read.chosen is not None and choices[read.chosen] == answer) or question(tuple(choices), answer).prefixed
    )
