"""How questions are laid out."""

import pytest

from gemma_audio.data.layout import lay_out, letter


def test_braces_in_a_question_stay() -> None:
    assert lay_out("{choices} or {x}?", ["a", "{question}"]) == "{choices} or {x}?\n(A) a\n(B) {question}"


def test_letters_reach_past_d_and_stop_at_z() -> None:
    assert [letter(i) for i in (0, 7, 25)] == ["A", "H", "Z"]
    with pytest.raises(ValueError, match="at most 26"):
        letter(26)
