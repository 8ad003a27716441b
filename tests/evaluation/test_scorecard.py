"""Prediction files in the forms that systems write, and with everything that can be wrong with them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fixture_rows import GOOD, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gemma_audio.errors import GemmaAudioError
from gemma_audio.evaluation.answer_form import Form
from gemma_audio.evaluation.answer_key import AnswerKey, read_key
from gemma_audio.evaluation.prediction_file import read_predictions
from gemma_audio.evaluation.remarks import remarks
from gemma_audio.evaluation.scorecard import Scorecard, score_file

N = len(GOOD)


@pytest.fixture
def key(tmp_path: Path) -> AnswerKey:
    path = tmp_path / "mmau.json"
    path.write_text(json.dumps(GOOD))
    return read_key(path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any, str], Path]:
    def make(rows: Any, name: str = "pred.json") -> Path:
        path = tmp_path / name
        if name.endswith(".csv"):
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        elif name.endswith(".jsonl"):
            path.write_text("".join(json.dumps(entry) + "\n" for entry in rows))
        else:
            path.write_text(rows if isinstance(rows, str) else json.dumps(rows))
        return path

    return make


def golds(column: str = "model_output", **more: Any) -> list[dict[str, Any]]:
    return [{"id": entry["id"], column: entry["answer"], **more} for entry in GOOD]


def picked(column: str, offset: int = 0) -> list[dict[str, Any]]:
    return [{"id": entry["id"], column: entry["choices"].index(entry["answer"]) + offset} for entry in GOOD]


def right(card: Scorecard, rule: str = "official") -> int:
    assert len(card.entries) == N, "always every question"
    return sum(getattr(entry.readings, rule) for entry in card.entries)


@pytest.mark.parametrize("name", ["pred.json", "pred.jsonl", "pred.csv"])
@pytest.mark.parametrize("column", ["model_output", "model_prediction", "prediction", "response", "answer"])
def test_texts_in_every_format(key: AnswerKey, write: Callable[..., Path], name: str, column: str) -> None:
    file = read_predictions(write(golds(column), name))
    assert (file.column, file.form) == (column, Form.text)
    assert right(score_file(key, file)) == N


def test_mmaus_own_file_is_the_annotation_file_with_one_more_key(key: AnswerKey, write: Callable[..., Path]) -> None:
    for column in ("model_output", "model_prediction"):
        card = score_file(key, read_predictions(write([{**entry, column: entry["answer"]} for entry in GOOD])))
        assert (right(card), right(card, "strict"), remarks(card)) == (N, N, [])


@pytest.mark.parametrize("name", ["pred.json", "pred.jsonl", "pred.csv"])
def test_chosen_options(key: AnswerKey, write: Callable[..., Path], name: str) -> None:
    cases = [(picked("chosen"), Form.zero_based), (picked("chosen", 1), Form.one_based)]
    letters = [{**entry, "chosen": f"({chr(65 + entry['chosen'])})"} for entry in picked("chosen")]
    for rows, form in [*cases, (letters, Form.letter)]:
        card = score_file(key, read_predictions(write(rows, name)))
        assert card.form == form
        assert [right(card, rule) for rule in ("official", "stripped", "letter", "strict")] == [N] * 4


def test_from_what_number_options_count_is_never_guessed(key: AnswerKey, write: Callable[..., Path]) -> None:
    path = write([{"id": "plain", "chosen": 1}, {"id": "two", "chosen": 1}])
    with pytest.raises(GemmaAudioError, match=r"count from 0 or from 1(.|\n)*--form index1"):
        score_file(key, read_predictions(path))
    assert right(score_file(key, read_predictions(path, form=Form.zero_based))) == 2
    assert right(score_file(key, read_predictions(path, form=Form.one_based))) == 0
    both = write([{"id": "plain", "chosen": 4}, {"id": "two", "chosen": 0}])
    with pytest.raises(GemmaAudioError, match="both 0 and the number of choices"):
        score_file(key, read_predictions(both))


def test_letters_in_a_column_of_texts_stay_texts_unless_told(key: AnswerKey, write: Callable[..., Path]) -> None:
    path = write([{"id": e["id"], "model_output": chr(65 + e["choices"].index(e["answer"]))} for e in GOOD])
    card = score_file(key, read_predictions(path))
    assert (right(card), right(card, "letter")) == (1, N), "of the gold texts only 'C' is a letter"
    assert any("--form letter" in line for line in remarks(card))
    assert right(score_file(key, read_predictions(path, form=Form.letter))) == N


def test_this_projects_own_predictions(key: AnswerKey, write: Callable[..., Path]) -> None:
    own = {"method": "option_text", "order": [0, 1], "logprobs": [], "failure": ""}
    rows = [{**own, "text": e["answer"], **p} for e, p in zip(GOOD, picked("chosen"), strict=True)]
    rows[0] |= {"text": "", "chosen": None, "failure": "missing audio: x.wav"}
    card = score_file(key, read_predictions(write(rows, "predictions.jsonl")))
    assert [right(card, rule) for rule in ("official", "letter", "strict")] == [N - 1] * 3
    assert card.missing == ["plain"]
    assert card.entries[0].failure == "no answer: missing audio: x.wav"


def test_missing_null_extra_and_odd_answers_never_make_the_denominator_smaller(
    key: AnswerKey, write: Callable[..., Path]
) -> None:
    rows: list[Any] = golds()
    rows[0]["model_output"] = None
    rows[1]["model_output"] = ["no"]
    rows[2]["model_output"] = {"text": "no"}
    rows[3]["model_output"] = True
    rows[4]["model_output"] = ""
    del rows[5]["model_output"]
    card = score_file(
        key, read_predictions(write([*rows[:-1], {"id": "stranger", "model_output": "cat"}, None, {"id": None}, 7]))
    )
    assert right(card) == N - 7
    assert card.missing == [GOOD[0]["id"], GOOD[5]["id"], GOOD[-1]["id"]]
    assert card.extra == ["stranger"]
    assert [entry.item.id for entry in card.entries if entry.unparsed] == [GOOD[4]["id"]]
    said = "\n".join(remarks(card))
    for part in ("3 of 11 questions have no answer", "3 answers", "stranger", "3 rows", "row 13: id is no text: None"):
        assert part in said, said


def test_numbers_are_read_as_texts(tmp_path: Path, write: Callable[..., Path]) -> None:
    path = tmp_path / "numbers.json"
    path.write_text(json.dumps([row("a", choices=["2", "3"], answer="3"), row("b")]))
    card = score_file(
        read_key(path), read_predictions(write([{"id": "a", "model_output": 3}, {"id": "b", "model_output": "cat"}]))
    )
    assert all(entry.readings.official for entry in card.entries)


def test_duplicate_ids(key: AnswerKey, write: Callable[..., Path]) -> None:
    rows = golds()
    extra = [dict(rows[0]), {**rows[1], "model_output": "other"}, {**rows[2], "model_output": None}]
    card = score_file(key, read_predictions(write([*rows, *extra])))
    assert card.repeated == [rows[0]["id"]]
    assert card.contradicting == [rows[1]["id"]]
    assert right(card) == N - 1
    assert "2 contradicting answers (rows 2, 13)" in card.entries[1].failure
    assert len(remarks(card)) == 2


def test_two_columns_of_answers(key: AnswerKey, write: Callable[..., Path]) -> None:
    rows = golds("model_output", model_prediction="")
    rows[0] = {"id": rows[0]["id"], "model_output": None, "model_prediction": rows[0]["model_output"]}
    assert right(score_file(key, read_predictions(write(rows)))) == N
    rows[1]["model_prediction"] = "something else"
    with pytest.raises(GemmaAudioError, match=r"row 2 has different answers(.|\n)*--answers model_output"):
        read_predictions(write(rows))
    assert right(score_file(key, read_predictions(write(rows), answers="model_output"))) == N - 1


def test_a_file_of_another_revision_is_named(key: AnswerKey, write: Callable[..., Path]) -> None:
    rows = [{**entry, "model_output": entry["answer"]} for entry in GOOD]
    rows[0] |= {"choices": ["dog", "cat", "cow", "fish"]}
    rows[1] |= {"answer": "dog"}
    rows[2] |= {"choices": ["(A) yes", "(B) no"], "answer": "(B) no"}
    said = remarks(score_file(key, read_predictions(write(rows))))
    assert len(said) == 1
    assert "made on another revision: 2 of its questions" in said[0]
    assert "plain, listed" in said[0]


def test_the_revision_that_fits_is_told_by_its_sub_categories(key: AnswerKey, write: Callable[..., Path]) -> None:
    from gemma_audio.evaluation.benchmarks.mmau import revisions

    known = list(revisions().values())[-1]
    names = [name for name, count in known["sub_categories"].items() for _ in range(count)]
    rows = [{"id": f"old-{number}", "sub-category": name, "model_output": "x"} for number, name in enumerate(names)]
    with pytest.raises(GemmaAudioError, match=re.escape(known["label"])):
        score_file(key, read_predictions(write(rows)))
    rows[0]["id"] = "plain"
    assert any(known["label"] in line for line in remarks(score_file(key, read_predictions(write(rows)))))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.json", " ", "no rows"), ("p.json", "[]", "no rows"), ("p.json", "{}", "not a list"), ("p.json", "[1,", "not JSON"),
        ("p.json", "[" * 100_000, "not JSON"), ("p.jsonl", "\n\n", "no rows"), ("p.csv", "", "no rows"),
        ("p.txt", "x", "unknown format '.txt'; allowed: .json"),
        ("p.json", '[{"id": "plain"}]', "no column of answers; found: id"),
        ("p.json", '[{"name": "plain", "text": "x"}]', "no column 'id' in any row; found: name, text"),
        ("p.json", '[{"id": "other", "text": "x"}]', "not one of its 1 ids"), ("p.json", '["a", 3]', "no column 'id'"),
        ("p.csv", 'id,text\nplain,"open', "not CSV"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_refused(
    key: AnswerKey, write: Callable[..., Path], name: str, content: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(GemmaAudioError, match=re.escape(said)) as refused:
        score_file(key, read_predictions(path))
    assert str(path) in str(refused.value)
    assert "\n    " in str(refused.value), "a remedy follows"


def test_folders_and_absent_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GemmaAudioError, match="is a folder"):
        read_predictions(tmp_path)
    with pytest.raises(GemmaAudioError, match="No such file"):
        read_predictions(tmp_path / "none.json")


def test_byte_order_marks_line_ends_and_long_answers(key: AnswerKey, tmp_path: Path, write: Callable[..., Path]) -> None:
    path = tmp_path / "bom.csv"
    lines = ["id,model_output", *(f'{entry["id"]},"{entry["answer"]}"' for entry in GOOD), ""]
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert len(score_file(key, read_predictions(path)).missing) == 0
    long = [{**entry, "model_output": entry["model_output"] + " and so on" * 100_000} for entry in golds()]
    for name in ("long.json", "long.csv", "long.jsonl"):
        assert len(score_file(key, read_predictions(write(long[:2], name))).entries) == N


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(), max_size=2))
KEYS = st.sampled_from(
    ["id", "model_output", "model_prediction", "chosen", "text", "answer", "choices", "sub-category", "method", "order"]
)
IDS = st.sampled_from([entry["id"] for entry in GOOD])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.lists(st.one_of(VALUES, st.fixed_dictionaries({"id": st.one_of(IDS, VALUES)}).flatmap(
    lambda base: st.dictionaries(KEYS, VALUES).map(lambda more: {**more, **base}))), max_size=6))  # fmt: skip
def test_any_json_is_scored_or_refused(key: AnswerKey, tmp_path: Path, rows: Sequence[Any]) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(rows))
    try:
        card = score_file(key, read_predictions(path))
    except GemmaAudioError:
        return
    assert len(card.entries) == N
    assert all(isinstance(line, str) for line in remarks(card))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.sampled_from([".json", ".jsonl", ".csv"]))
def test_any_bytes_are_scored_or_refused(key: AnswerKey, tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(b"id,text\nplain," + content if suffix == ".csv" else content)
    with suppress(GemmaAudioError):
        assert len(score_file(key, read_predictions(path)).entries) == N
