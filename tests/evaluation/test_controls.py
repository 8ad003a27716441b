from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemma_audio.config.kinds import Method, Weights
from gemma_audio.config.schema import Evaluation, Model, Trainer
from gemma_audio.evaluation.controls import conditions, exchanged, rotation
from gemma_audio.evaluation.identity import identity
from gemma_audio.evaluation.item import Benchmark, Item
from gemma_audio.evaluation.prompt import present, render
from gemma_audio.evaluation.run import evaluate
from gemma_audio.evaluation.table import CONTROL_COLUMNS


def item(name: str, choices: int = 4) -> Item:
    options = tuple(f"choice {k}" for k in range(choices))
    return Item(name, name, "Which?", options, options[0], "sound", "c", "s", "easy", "d")


def benchmark(items: list[Item]) -> Benchmark:
    return Benchmark("b", "0", "1", items, [], lambda it: np.full(8000, float(int(it.id) + 1), np.float32))


def test_as_many_orders_as_options_put_each_option_in_each_place_once() -> None:
    for count in (2, 3, 4, 5):
        one = item("7", count)
        orders = [tuple(range(count)), *(rotation(one, number, count) for number in range(1, count))]
        for place in zip(*orders, strict=True):
            assert sorted(place) == list(range(count))


def test_with_fewer_orders_than_options_each_is_another_and_the_turn_is_the_items_own() -> None:
    turns = []
    for name in map(str, range(400)):
        first, second = (rotation(item(name, 5), number, 3) for number in (1, 2))
        assert len({(0, 1, 2, 3, 4), first, second}) == 3
        assert (first, second) == tuple(rotation(item(name, 5), number, 3) for number in (1, 2))
        turns.append(first[0])
    shares = np.bincount(turns, minlength=5)[1:] / 400
    assert set(turns) == {1, 2, 3, 4}
    assert abs(shares - 0.25).max() < 4 * (0.25 * 0.75 / 400) ** 0.5


def test_every_sound_is_given_to_another_item_once() -> None:
    items = [item(str(number)) for number in range(50)]
    given = exchanged(items)
    assert sorted(other.id for other in given.values()) == sorted(one.id for one in items)
    assert all(given[one.id].id != one.id for one in items)
    assert {k: v.id for k, v in given.items()} == {k: v.id for k, v in exchanged(items[::-1]).items()}


def test_conditions_change_one_thing_each(evaluation: Any) -> None:
    wordings = {"other_prompts": {"polite": "Please: {question}\n{choices}"}, "wordings": True}
    cfg: Evaluation = evaluation(orders=2, silenced=True, swapped=True, no_question=True, **wordings)
    items = [item(str(number)) for number in range(5)]
    found = {made.name: made for made in conditions(cfg, benchmark(items))}
    assert list(found) == ["order-1", "wording-polite", "silenced", "swapped", "no_question"]
    assert [name for name, made in found.items() if made.silent] == ["silenced"]
    assert [name for name, made in found.items() if made.source(items[3]) != items[3]] == ["swapped"]
    shown = {name: render(made.cfg, present(items[3], made.orders.get("3"))) for name, made in found.items()}
    own = render(cfg, present(items[3]))
    assert shown["silenced"] == shown["swapped"] == own
    assert shown["wording-polite"] == f"Please: {own}"
    assert shown["no_question"] == own.removeprefix("Which?\n")
    assert sorted(shown["order-1"].split()) == sorted(own.split())
    assert shown["order-1"] != own


def test_without_controls_the_identity_is_what_it_was_and_each_control_changes_it(tmp_path: Path, evaluation: Any) -> None:
    cfg = evaluation(benchmark="embedded")
    plain = identity(cfg, {"world": 1})
    assert plain["controls"] is None  # null keys stand in no fingerprint
    changes: list[dict[str, Any]] = [{"orders": 2}, {"silenced": True}, {"swapped": True}, {"no_question": True}]
    changes += [
        {"wordings": True, "other_prompts": {"a": "x {question}"}},
        {"wordings": True, "other_prompts": {"a": "{question}"}},
    ]
    asked = [identity(replace(cfg, **change), {"world": 1})["controls"] for change in changes]
    assert all(entry for entry in asked)
    assert len({repr(entry) for entry in asked}) == len(changes)
    assert identity(replace(cfg, other_prompts={"a": "{question}"}), {"world": 1})["controls"] is None


def test_controls_are_scored_beside_and_leave_the_score_as_it_is(tmp_path: Path) -> None:
    from gemma_audio import world
    from gemma_audio.config.schema import Data

    data = tmp_path / "data"
    world.build(Data(name="small", clips=0, dev_questions=0, test_questions=1, shift_questions=0), data, 1)
    plain = Evaluation(
        name="embedded", benchmark="embedded", method=Method.option_text, prompt="{question}\n{choices}",
        choice="({letter}) {text}", separator="\n", limit=6,
    )  # fmt: skip
    cfg = replace(plain, orders=2, silenced=True)
    work: dict[str, Any] = {"model": Model(name="m", source="embedded", weights=Weights.random), "chain": []}
    work |= {"data_folder": data, "trainer": Trainer(name="cpu")}
    states: list[tuple[int, int]] = []
    evaluate(plain, into=tmp_path / "plain", **work)
    summary = evaluate(cfg, into=tmp_path / "both", progress=lambda done, total, _: states.append((done, total)), **work)
    assert (tmp_path / "plain" / "scores.csv").read_text() == (tmp_path / "both" / "scores.csv").read_text()
    assert not (tmp_path / "plain" / "controls.csv").exists()
    with (tmp_path / "both" / "controls.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert tuple(reader.fieldnames or ()) == CONTROL_COLUMNS
    assert [row["condition"] for row in rows] == ["order-1"] * 6 + ["silenced"] * 6
    right = sum(int(row["correct_official"]) for row in rows if row["condition"] == "silenced") / 6
    assert summary["controls"]["silenced"]["official"] == pytest.approx(right)
    assert states[-1] == (18, 18)
    assert [done for done, _ in states] == sorted(done for done, _ in states)
