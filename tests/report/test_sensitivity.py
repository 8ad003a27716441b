"""Verdicts that hang on the option order, the wording or the rule are called so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.console import print_summary
from gemma_audio.report.verdict import verdict
from gemma_audio.report.write import write_report


def compared(sweep):
    return compare_sweep(read_sweep(sweep.folder))


def entries(comparison, kind):
    return {entry["name"]: entry for entry in comparison["sensitivity"] if entry["kind"] == kind}


def flipping(maker):
    """v3 wins 40 of 246 questions in the official order and loses 40 others in each of three other orders."""
    sweep = maker(22).plan({"v2": 1, "v3": 1})
    n = len(sweep.items)
    old, new, turned = np.zeros(n, dtype=int), np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    new[:40] = 1
    turned[100:140] = 1
    sweep.finish("v2-seed0", old)
    sweep.finish("v3-seed0", new)
    sweep.control("v2-seed0", {f"order-{k}": turned for k in (1, 2, 3)})
    sweep.control("v3-seed0", {f"order-{k}": old for k in (1, 2, 3)})
    return sweep


def test_the_mean_over_orders_flips_the_verdict(maker):
    comparison = compared(flipping(maker))
    n, orders = 246, entries(comparison, "order")
    assert comparison["pairs"][0]["delta"] == pytest.approx(40 / n)
    assert list(orders) == ["mean over orders", "order-1", "order-2", "order-3"]
    mean = orders["mean over orders"]
    # item means: +1/4 on 40 questions, -3/4 on 40 others
    assert mean["delta"] == pytest.approx((40 * 0.25 - 40 * 0.75) / n)
    assert mean["interval"][1] < 0
    # Bonett and Price with one item won and one lost beside the data
    squares = 40 * 0.25**2 + 40 * 0.75**2 + 2
    centre = (40 * 0.25 - 40 * 0.75) / (n + 2)
    error = ((squares / (n + 2) - centre**2) / (n + 2)) ** 0.5
    assert mean["interval"] == pytest.approx((centre - 1.959964 * error, centre + 1.959964 * error), abs=1e-6)
    assert not any(entry["agrees"] for entry in orders.values())
    (line,) = [line for line in verdict(comparison) if "option order" in line]
    assert line.startswith("The verdict depends on the option order: mean over orders -8.1 [")


def test_orders_that_agree_are_said_to(maker):
    sweep = flipping(maker)
    same = np.zeros(len(sweep.items), dtype=int)
    better = same.copy()
    better[:45] = 1
    for arm, answers in (("v2", same), ("v3", better)):
        sweep.control(f"{arm}-seed0", {"order-1": answers, "wording-short": answers})
    comparison = compared(sweep)
    assert all(entry["agrees"] for entry in comparison["sensitivity"])
    assert list(entries(comparison, "wording")) == ["short"]
    lines = verdict(comparison)
    said = (
        "The same conclusion whatever the option order (2 tried) and the prompt wording (1 tried) and the scoring rule (3 tried)."
    )
    assert said in lines


def test_an_undecided_difference_that_changes_its_sign_is_no_dependence(maker):
    sweep = maker(23).plan({"v2": 1, "v3": 1})
    zero = np.zeros(len(sweep.items), dtype=int)
    one = zero.copy()
    one[0] = 1
    sweep.finish("v2-seed0", zero)
    sweep.finish("v3-seed0", one)
    sweep.control("v2-seed0", {"wording-a": one})
    sweep.control("v3-seed0", {"wording-a": zero})
    comparison = compared(sweep)
    assert not entries(comparison, "wording")["a"]["agrees"]
    lines = verdict(comparison)
    assert any(line.startswith("Undecided either way, the sign changes with the prompt wording: a -0.4 [") for line in lines)
    assert not any("depends" in line for line in lines)


def test_controls_are_told_as_means_over_runs(maker):
    sweep = maker(24).plan({"base": 2, "v2": 2, "v3": 2})
    n = len(sweep.items)
    for arm in ("base", "v2", "v3"):
        answers = sweep.answers()
        for seed in range(2):
            name = f"{arm}-seed{seed}"
            sweep.finish(name, answers if arm == "base" else sweep.answers())
            kept = (np.arange(n) < 100 + 20 * seed).astype(int)
            sweep.control(name, {"silenced": kept, "no_question": 1 - kept})
    comparison = compared(sweep)
    assert comparison["arms"]["v3"]["controls"] == pytest.approx({"silenced": 110 / n, "no_question": 1 - 110 / n})
    assert comparison["arms"]["base"]["controls"]["silenced"] == pytest.approx(100 / n), "one run: that of its first cell"
    assert f"With the clips silenced: base {100 * 100 / n:.1f} %, v2 {100 * 110 / n:.1f} %, v3 44.7 %." in verdict(comparison)
    assert comparison["sensitivity"], "rules are always compared"
    assert {entry["kind"] for entry in comparison["sensitivity"]} == {"rule"}
    write_report(sweep.folder)
    assert "silenced" in (sweep.folder / "report" / "comparison.md").read_text()


def test_conditions_that_only_some_runs_answered_are_left_out_and_noted(full):
    full.control("v3-seed0", {"silenced": np.ones(len(full.items), dtype=int)})
    comparison = compared(full)
    assert comparison["arms"]["v3"]["controls"] == {}
    assert "v3: only some runs answered silenced, which is left out." in comparison["notes"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace("item-0003", "item-9999", 1), "are not those of scores.csv"),
        (lambda text: text.replace(",1,1,", ",yes,1,", 1), "something else than 0 and 1"),
        (lambda text: text.replace("condition", "state", 1), "lacks the column condition"),
        (lambda text: "", "cannot be read"),
    ],
)
def test_damaged_controls_cost_the_controls_and_not_the_run(full, damage, said):
    full.control("v3-seed0", {"silenced": np.ones(len(full.items), dtype=int)})
    path = full.cell("v3-seed0") / "controls.csv"
    path.write_text(damage(path.read_text()))
    comparison = compared(full)
    assert comparison["arms"]["v3"]["runs"] == 3
    assert any(said in note and note.startswith("v3-seed0: its controls are left out") for note in comparison["notes"])


def test_rules_read_the_same_answers(maker, capsys):
    """v3 gives letters that MMAU's rule cannot read, v2 the options' texts: the verdict hangs on the rule."""
    sweep = maker(25).plan({"v2": 1, "v3": 1})
    n = len(sweep.items)
    for arm in ("v2", "v3"):
        sweep.finish(f"{arm}-seed0", np.ones(n, dtype=int))
        path = sweep.cell(f"{arm}-seed0") / "scores.csv"
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows["method"] = "generate"
        letter = rows["chosen"].astype(int).map("ABCD".__getitem__)
        rows["text"] = rows["answer"] if arm == "v2" else "(" + letter + ") something else"
        rows["correct_official"] = "1" if arm == "v2" else "0"
        if arm == "v3":
            rows.loc[:9, ["text", "chosen", "correct_strict"]] = ["no idea", "", "0"]
        rows.to_csv(path, index=False)
    comparison = compared(sweep)
    rules = {name: arm["rules"] for name, arm in comparison["arms"].items()}
    assert rules["v2"] == {"official": 1.0, "stripped": 1.0, "letter": 0.0, "strict": 1.0}
    assert rules["v3"] == pytest.approx({"official": 0.0, "stripped": 0.0, "letter": 1 - 10 / n, "strict": 1 - 10 / n})
    assert comparison["arms"]["v3"]["unparsed"] == pytest.approx(10 / n)
    assert {name: entry["agrees"] for name, entry in entries(comparison, "rule").items()} == {
        "stripped": True,
        "letter": False,
        "strict": True,
    }
    lines = verdict(comparison)
    assert any(line.startswith("The verdict depends on the scoring rule: the letter alone +95.9 [") for line in lines)
    assert "Answers that name no option: v2 0.0 %, v3 4.1 %." in lines
    print_summary(comparison)
    assert "depends on the scoring rule" in capsys.readouterr().out


def test_answers_in_words_are_not_judged_by_their_letters(maker):
    sweep = maker(26).plan({"v2": 1, "v3": 1})
    n = len(sweep.items)
    for arm, right in (("v2", 100), ("v3", 150)):
        sweep.finish(f"{arm}-seed0", (np.arange(n) < right).astype(int))
        path = sweep.cell(f"{arm}-seed0") / "scores.csv"
        rows = pd.read_csv(path, dtype=str, keep_default_na=False).assign(method="generate")
        if arm == "v3":
            rows.loc[0, "text"] = "ABCD"[int(rows.loc[0, "chosen"])]
        rows.to_csv(path, index=False)
    comparison = compared(sweep)
    assert comparison["arms"]["v3"]["rules"]["letter"] == pytest.approx(1 / n)
    assert "letter" not in entries(comparison, "rule")
    assert not any("depends" in line for line in verdict(comparison))
