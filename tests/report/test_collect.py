"""Cells as found on disk: finished, failed, missing, damaged."""

from __future__ import annotations

import json

import pytest

from gemma_audio.report.collect import read_sweep


def cell(sweep, name):
    return next(c for c in read_sweep(sweep.folder).cells if c.name == name)


def edit(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


DAMAGE = {
    "status cut": (lambda f: (f / "status.json").write_text('{"state": "fin'), "status.json cannot be read"),
    "status not an object": (lambda f: (f / "status.json").write_text("[]"), "expected an object"),
    "no result": (lambda f: (f / "result.json").unlink(), "result.json cannot be read"),
    "result without run": (lambda f: edit(f / "result.json", lambda v: v.pop("run")), "'run' is None"),
    "result without stages": (lambda f: edit(f / "result.json", lambda v: v.pop("stages")), "'stages' is None"),
    "result without benchmark": (lambda f: edit(f / "result.json", lambda v: v.update(benchmark={})), "benchmark"),
    "no scores": (lambda f: (f / "scores.csv").unlink(), "scores.csv cannot be read"),
    "empty scores": (lambda f: (f / "scores.csv").write_text(""), "scores.csv cannot be read"),
    "not text": (lambda f: (f / "scores.csv").write_bytes(b"\xff\xfe\x00" * 50), "scores.csv cannot be read"),
    "header only": (lambda f: (f / "scores.csv").write_text((f / "scores.csv").read_text().splitlines()[0] + "\n"), "no rows"),
    "lost column": (
        lambda f: (f / "scores.csv").write_text((f / "scores.csv").read_text().replace("correct_strict", "strict", 1)),
        "lacks the column correct_strict",
    ),
    "cut rows": (
        lambda f: (f / "scores.csv").write_text("\n".join((f / "scores.csv").read_text().splitlines()[:100]) + "\n"),
        "result.json says the benchmark has",
    ),
    "repeated row": (
        lambda f: (f / "scores.csv").write_text((f / "scores.csv").read_text().replace("item-0001", "item-0000")),
        "more than once",
    ),
    "bad score": (
        lambda f: (f / "scores.csv").write_text((f / "scores.csv").read_text().replace(",1,1,", ",yes,1,", 1)),
        "correct_official is 'yes'",
    ),
    "bad choices": (
        lambda f: (f / "scores.csv").write_text((f / "scores.csv").read_text().replace('"[""option', '"{""option', 1)),
        "expected a JSON list",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_a_failed_cell_with_a_reason(full, kind):
    change, reason = DAMAGE[kind]
    change(full.cell("v3-seed1"))
    sweep = read_sweep(full.folder)
    damaged = next(c for c in sweep.cells if c.name == "v3-seed1")
    assert damaged.state == "failed"
    assert reason in damaged.reason
    assert sum(c.state == "finished" for c in sweep.cells) == 8
    assert [r.run for r in sweep.runs if r.arm == "v3"] == ["v30000000000", "v30000000002"]


@pytest.mark.parametrize("key", ["log_tail", "traceback_tail"])
@pytest.mark.parametrize(
    "tail", ["Traceback\n  File x\nOSError: disk full\n\n", ["Traceback", "  File x", "OSError: disk full", ""]]
)
def test_failed_cell_gives_error_stage_and_the_end_of_its_log(full, tail, key):
    full.status("v2-seed0", "failed", {"type": "OSError", "message": "disk full", key: tail}, work="adapter_tune")
    (full.cell("v2-seed0") / "run.log").write_text("any")
    failed = cell(full, "v2-seed0")
    assert (failed.state, failed.reason, failed.stage) == ("failed", "OSError: disk full", "adapter_tune")
    assert failed.log_tail == ("Traceback", "  File x", "OSError: disk full")
    assert failed.log == f"{full.cell('v2-seed0').name}/run.log"


def test_failed_without_error_says_so(full):
    full.status("v2-seed0", "failed")
    assert "without an error" in cell(full, "v2-seed0").reason


def test_untrained_base_counts_once_and_keeps_its_cells(full):
    sweep = read_sweep(full.folder)
    runs = [run for run in sweep.runs if run.arm == "base"]
    assert [(run.cells, run.trained) for run in runs] == [(("base-seed0", "base-seed1", "base-seed2"), False)]
    assert len(sweep.rows) == 7 * len(full.items)
    assert sweep.notes == []


def test_same_run_with_other_answers_is_told(full):
    full.finish("base-seed1", full.answers())
    (note,) = read_sweep(full.folder).notes
    assert note.startswith("base-seed1 is the same run as base-seed0")


def test_answers_that_look_like_missing_values_stay_text(maker):
    sweep = maker(3).plan({"v3": 1})
    sweep.items[0].update(choices=json.dumps(["None", "NA", "nan", "1"]), answer="None")
    sweep.finish("v3-seed0", sweep.answers())
    row = read_sweep(sweep.folder).rows.iloc[0]
    assert (row["answer"], row["choices"]) == ("None", ("None", "NA", "nan", "1"))
