"""Training curves and probes drawn; the strip's numbers against ones made by hand."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from gemma_audio.report.curves import loss_svg, probe_svg, strips

NOTHING = {"curves": {}, "probes": {}}


def probe(run, stage, steps, accuracy, **subcategories):
    return {"run": run, "stage": stage, "step": steps, "accuracy": accuracy, "subcategories": subcategories}


def words(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


def test_nothing_to_draw():
    assert loss_svg(NOTHING) == probe_svg(NOTHING) == ""
    assert strips(NOTHING) == []
    assert loss_svg({"curves": {"v2": []}}) == ""


def test_loss_has_a_panel_per_stage_and_a_line_per_arm_whatever_its_name():
    rng = np.random.default_rng(0)
    stages = [{"run": "a", "stage": stage, "step": list(range(50)), "loss": rng.random(50).tolist()} for stage in ("one", "two")]
    comparison = {"curves": {"_hidden": stages, "$x^2$ <b>": stages[1:]}}
    svg = loss_svg(comparison)
    found = words(svg)
    assert {"loss, one", "loss, two"} <= set(found)
    assert {"_hidden", "$x^2$ <b>"} <= {str(text).strip() for text in found}
    assert svg == loss_svg(comparison)


def test_null_losses_and_single_points_are_drawn_without_complaint():
    one = {"run": "a", "stage": "s", "step": [1], "loss": [None]}
    assert ElementTree.fromstring(loss_svg({"curves": {"v2": [one, {**one, "run": "b", "loss": [0.5]}]}})) is not None


def test_strip_counts_steps_over_stages_and_means_over_runs():
    probes = {
        "v3": [
            probe("r1", "first", [0, 10], [0.5, 0.6], A=[0.2, 0.4], B=[0.8, 0.7]),
            probe("r1", "second", [0, 5], [0.6, 0.7], A=[0.4, 0.6], B=[0.7, 0.8]),
            probe("r2", "first", [0, 10], [0.3, 0.6], A=[0.4, 0.4], B=[0.2, 0.9]),
            probe("r2", "second", [0, 5], [0.6, 0.9], A=[0.4, 0.4], B=[0.9, 1.0]),
        ]
    }
    (strip,) = strips({"probes": probes})
    assert (strip["arm"], strip["runs"], strip["steps"]) == ("v3", 2, [10, 15])
    rows = {row["name"]: (row["start"], row["moved"]) for row in strip["rows"]}
    assert rows[""] == (pytest.approx(0.4), pytest.approx([0.2, 0.4]))
    assert rows["A"] == (pytest.approx(0.3), pytest.approx([0.1, 0.2]))
    assert rows["B"] == (pytest.approx(0.5), pytest.approx([0.3, 0.4]))
    assert [row["name"] for row in strip["rows"]] == ["", "B", "A"]


def test_a_subcategory_without_dev_questions_is_left_out():
    (strip,) = strips({"probes": {"v3": [probe("r", "s", [0, 1], [0.5, 0.6], A=[None, None], B=[0.1, 0.2])]}})
    assert [row["name"] for row in strip["rows"]] == ["", "B"]


def test_probes_are_drawn_with_every_arm_named():
    probes = {arm: [probe("r", "s", [0, 1], [0.5, 0.6])] for arm in ("v2", "v3")}
    assert {"v2", "v3", "accuracy on the dev split (%)"} <= {str(text).strip() for text in words(probe_svg({"probes": probes}))}
