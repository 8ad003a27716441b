"""The flip browser's data against counts made another way."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from page_parts import rewrite
from scipy.special import softmax

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.flips import ARMS, flips


def table(sweep, arm):
    return pd.concat([pd.read_csv(path, keep_default_na=False) for path in sweep.folder.glob(f"*-{arm}-seed*/scores.csv")])


def test_every_question_that_two_runs_differ_on_and_no_other(full):
    found = flips(read_sweep(full.folder))
    everything = pd.concat([table(full, arm) for arm in ("base", "v2", "v3")])
    right = everything.groupby("id")["correct_official"].agg(["min", "max"])
    assert set(found.items.index) == set(right.index[right["min"] != right["max"]])
    assert [entry[0] for entry in found.data["items"]] == list(found.items.index)
    assert found.data["of"] == len(full.items)
    assert found.left_out == []
    assert found.data["arms"] == [["base", 1], ["v2", 3], ["v3", 3]], "the base is one run under three seeds"
    assert found.data["pair"] == [2, 1]


def test_counts_per_option_and_labels(full):
    found = flips(read_sweep(full.folder))
    v2, items = table(full, "v2"), {item["id"]: item for item in full.items}
    for entry in found.data["items"]:
        name, subcategory, _, _, choices, gold, answers = entry
        rows = v2[v2["id"] == name]
        counts = Counter(rows["chosen"].astype(int))
        assert answers[1][:2] == [int(rows["correct_official"].sum()), [*(counts[k] for k in range(4)), 0]]
        assert [choices[k] for k in gold] == [items[name]["answer"]]
        assert found.data["subcategories"][subcategory] == [items[name]["task"], items[name]["subcategory"]]


def test_probabilities_are_the_mean_softmax_and_odd_likelihoods_are_passed_over(full):
    rng = np.random.default_rng(3)
    values = {}
    for seed in range(3):
        values[seed] = rng.normal(size=(len(full.items), 4)) * 3
        texts = [json.dumps(row.tolist()) for row in values[seed]]
        texts[:4] = ["", "[1, 2]", "[1, NaN, 2, 3]", "no JSON"]
        rewrite(full.cell(f"v3-seed{seed}") / "scores.csv", logprobs=texts)
    found = flips(read_sweep(full.folder))
    for entry in found.data["items"]:
        place = int(entry[0].removeprefix("item-"))
        means = entry[6][2][2]
        if place < 4:
            assert means == 0
        else:
            expected = 100 * np.mean([softmax(values[seed][place]) for seed in range(3)], axis=0)
            assert np.abs(np.array(means) - expected).max() <= 0.51
        assert entry[6][1][2] == 0, "no likelihoods, no probability"


def test_answers_that_name_no_option_are_shown_and_failures_are_called_so(full):
    path = full.cell("v2-seed0") / "scores.csv"
    n = len(full.items)
    rewrite(
        path, chosen=[""] * n, text=["I\u202e cannot \n say <b>" + "y" * 900] * n, failure=["", "clip \u2028 missing"] * (n // 2)
    )
    entries = {entry[0]: entry[6][1] for entry in flips(read_sweep(full.folder)).data["items"]}
    even = next(answers for name, answers in entries.items() if int(name[-4:]) % 2 == 0)
    odd = next(answers for name, answers in entries.items() if int(name[-4:]) % 2)
    assert even[1][4] == odd[1][4] == 1
    assert even[3][0].startswith("I cannot say <b>yyy")
    assert len(even[3][0]) <= 160
    assert odd[3] == ["no answer: clip missing"]


def test_arms_asked_other_questions_and_too_many_arms_are_left_out(maker):
    names = {f"arm{k:02d}": 1 for k in range(ARMS + 3)}
    sweep = maker(5).plan({"v2": 1, **names, "v3": 1})
    for cell in sweep.spec["cells"]:
        sweep.finish(cell["name"], sweep.answers(), sha="b" * 64 if cell["arm"] == "arm00" else "a" * 64)
    found = flips(read_sweep(sweep.folder))
    shown = [name for name, _ in found.data["arms"]]
    assert len(shown) == ARMS
    assert {"v2", "v3"} <= set(shown)
    assert "arm00" in found.left_out
    assert sorted(shown + found.left_out) == sorted(sweep.spec["arms"])
    treatment, baseline = found.data["pair"]
    assert (shown[treatment], shown[baseline]) == ("v3", "v2")


@pytest.mark.parametrize("finished", [0, 1])
def test_nothing_to_browse(maker, finished):
    sweep = maker(6).plan({"v2": 1, "v3": 1})
    for name in ["v2-seed0", "v3-seed0"][:finished]:
        sweep.finish(name, sweep.answers())
    found = flips(read_sweep(sweep.folder))
    assert found.data["items"] == found.data["arms"] == []
    assert len(found.items) == 0


def test_arms_that_answer_alike_flip_nothing(maker):
    sweep = maker(7).plan({"v2": 1, "v3": 1})
    answers = sweep.answers()
    for name in ("v2-seed0", "v3-seed0"):
        sweep.finish(name, answers)
    found = flips(read_sweep(sweep.folder))
    assert found.data["items"] == []
    assert len(found.data["arms"]) == 2
