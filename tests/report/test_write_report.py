"""The files, at every moment of a sweep's life."""

from __future__ import annotations

import io
import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from gemma_audio.errors import GemmaAudioError
from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.console import print_summary
from gemma_audio.report.verdict import verdict
from gemma_audio.report.write import write_report

FILES = ["comparison.json", "comparison.md", "deltas.csv", "deltas.pdf", "deltas.svg", "index.html", "methods.md", "table.tex"]


def load(sweep):
    return json.loads((sweep.folder / "report" / "comparison.json").read_text())


def test_all_files_and_nothing_else(full):
    page = write_report(full.folder)
    assert page == full.folder / "report" / "index.html"
    assert sorted(p.name for p in page.parent.iterdir()) == FILES


def test_same_bytes_again(full):
    write_report(full.folder)
    before = {name: (full.folder / "report" / name).read_bytes() for name in FILES}
    write_report(full.folder)
    assert before == {name: (full.folder / "report" / name).read_bytes() for name in FILES}


@pytest.mark.parametrize("finished", [0, 1, 2, 3, 4])
def test_any_moment_of_a_running_sweep(maker, finished):
    sweep = maker(2).plan({"base": 2, "v2": 2, "v3": 2})
    names = [cell["name"] for cell in sweep.spec["cells"]]
    for name in names[:finished]:
        sweep.finish(name, sweep.answers())
    sweep.status(names[finished], "running")
    write_report(sweep.folder)
    cells = load(sweep)["cells"]
    assert cells["finished"] == names[:finished]
    assert [c["name"] for c in cells["missing"]] == names[finished:]
    assert "running" in cells["missing"][0]["reason"]
    assert "never started" in cells["missing"][-1]["reason"]
    ElementTree.parse(sweep.folder / "report" / "deltas.svg")
    first = verdict(load(sweep))[0]
    assert first.startswith("No verdict yet" if finished < 3 else "recipe: not decided")


def test_single_arm(maker):
    sweep = maker(3).plan({"v3": 2})
    for seed in range(2):
        sweep.finish(f"v3-seed{seed}", sweep.answers())
    write_report(sweep.folder)
    comparison = load(sweep)
    assert comparison["pairs"] == []
    assert comparison["arms"]["v3"]["interval_method"] == "items+runs"
    assert "no finished run of v2" in verdict(comparison)[0]


def test_different_benchmarks_are_not_paired(maker):
    sweep = maker(4).plan({"v2": 2, "v3": 2})
    for seed in range(2):
        sweep.finish(f"v2-seed{seed}", sweep.answers(), sha="a" * 64)
        sweep.finish(f"v3-seed{seed}", sweep.answers(), sha="b" * 64)
    write_report(sweep.folder)
    comparison = load(sweep)
    assert comparison["pairs"] == []
    assert "different benchmarks" in comparison["refused"][0]["reason"]
    assert "aaaaaaaaaaaa" in verdict(comparison)[0]
    assert "different benchmarks" in (sweep.folder / "report" / "index.html").read_text()


def test_different_benchmarks_within_an_arm(maker):
    sweep = maker(5).plan({"v2": 2, "v3": 2})
    for seed in range(2):
        sweep.finish(f"v2-seed{seed}", sweep.answers(), sha="ab"[seed] * 64)
        sweep.finish(f"v3-seed{seed}", sweep.answers(), sha="a" * 64)
    comparison = compare_sweep(read_sweep(sweep.folder))
    assert comparison["arms"]["v2"]["accuracy"] is None
    assert [run["n"] for run in comparison["arms"]["v2"]["per_run"]] == [len(sweep.items)] * 2
    assert "runs of v2 were scored on different benchmarks" in verdict(comparison)[0]


def test_subset_of_questions_is_not_paired(maker):
    sweep = maker(6).plan({"v2": 2, "v3": 2})
    for seed in range(2):
        sweep.finish(f"v2-seed{seed}", sweep.answers())
        sweep.finish(f"v3-seed{seed}", sweep.answers()[:100])
    assert "different questions" in compare_sweep(read_sweep(sweep.folder))["refused"][0]["reason"]


def test_not_a_sweep_folder(tmp_path):
    with pytest.raises(GemmaAudioError, match=r"sweep\.json"):
        write_report(tmp_path)
    (tmp_path / "sweep.json").write_text('{"name": "x"}')
    with pytest.raises(GemmaAudioError, match="lacks baseline"):
        write_report(tmp_path)
    spec = {"name": "x", "baseline": "a", "treatment": "b", "arms": [], "cells": [{"name": "a"}]}
    (tmp_path / "sweep.json").write_text(json.dumps(spec))
    with pytest.raises(GemmaAudioError, match="lacks name, arm or folder"):
        write_report(tmp_path)


def test_page_is_inert_and_shows_no_markup_from_data(full):
    for item in full.items:
        item["subcategory"] = item["subcategory"].replace("Counting", "<script>alert(2)</script>$x_$")
    for seed in range(3):
        full.finish(f"v3-seed{seed}", full.answers(), rejected=[{"row": 3, "id": "<b>", "reason": "\u202eno answer <i>"}])
    full.status(
        "v2-seed2",
        "failed",
        {"type": "ValueError", "message": "<u>bad</u>", "traceback_tail": "a\n  File <x>\nValueError: <u>\n"},
    )
    text = write_report(full.folder).read_text()
    assert not re.search(r"<script>alert|<img src=x|<u>|<b>|<i>", text, re.IGNORECASE)
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert "\u202e" not in text
    assert "ValueError: &lt;u&gt;" in text
    svg = ElementTree.parse(full.folder / "report" / "deltas.svg")
    assert not any(element.tag.endswith("script") for element in svg.iter())
    markdown = (full.folder / "report" / "comparison.md").read_text()
    assert "<script" not in markdown


def test_failed_cells_are_told_with_stage_cause_log_and_what_to_type(full, capsys):
    tail = ["Traceback", "  File <script>alert(3)</script>", "\x1b[31mOSError: disk full\x1b[0m\u202e"]
    full.status("v2-seed2", "failed", {"type": "OSError", "message": "disk full", "log_tail": tail}, work="adapter_tune")
    full.status("v3-seed2", "planned")
    (full.cell("v2-seed2") / "run.log").write_text("any")
    page = write_report(full.folder).read_text()
    log = f"{full.cell('v2-seed2').name}/run.log"
    assert f'<a href="../{log}">' in page
    assert "<td>adapter_tune</td>" in page
    assert "  File &lt;script&gt;alert(3)&lt;/script&gt;\nOSError: disk full\n" in page
    assert "<script>alert" not in page
    typed = "gemma-audio -m sweep=v2_v3 &#39;name=two words&#39;"
    assert typed in page.split("To go on, type the same command again")[1][:200]
    assert (full.folder / "report" / log).exists() is False
    assert (full.folder / "report" / ".." / log).exists()
    markdown = (full.folder / "report" / "comparison.md").read_text()
    assert "OSError: disk full" in markdown
    assert "not started yet" in markdown
    print_summary(load(full), Console(highlight=False, width=200), folder="outputs/x")
    out = capsys.readouterr().out
    for said in ("adapter_tune  OSError: disk full", f"The end of outputs/x/{log}:", "not started yet", "'name=two words'"):
        assert said in out
    assert "\x1b" not in out


@pytest.mark.parametrize("width", [60, 80])
def test_in_a_narrow_window_names_fold_between_words_and_numbers_stay_whole(full, width):
    out = io.StringIO()
    print_summary(compare_sweep(read_sweep(full.folder)), Console(file=out, highlight=False, width=width))
    lines = out.getvalue().splitlines()
    arms = compare_sweep(read_sweep(full.folder))["arms"]
    for name, arm in arms.items():
        (line,) = [line for line in lines if line.split()[:1] == [name]][:1]
        assert f"{100 * arm['accuracy']:.1f}" in line
        assert f"{100 * arm['interval'][1]:.1f}" in line
        assert all(f"{100 * domain['accuracy']:.1f}" in line for domain in arm["domains"].values())
    assert any(line.startswith("Phonemic Stress") for line in lines)
    assert any("cannot decide" in line or "not flagged" in line or "flagged" in line for line in lines)


def test_formula_cells_are_defused(full):
    for item in full.items:
        item["subcategory"] = item["subcategory"].replace("Counting", "=cmd|'/C calc'!A0")
    for name in (cell["name"] for cell in full.spec["cells"]):
        full.finish(name, full.answers())
    write_report(full.folder)
    table = pd.read_csv(full.folder / "report" / "deltas.csv")
    assert "'=cmd|'/C calc'!A0" in set(table["subcategory"])
    assert not table.select_dtypes("object").stack().astype(str).str.startswith(("=", "+", "@")).any()
    assert (table["delta"] < 0).any(), "negative numbers stay numbers"


def test_table_agrees_with_plain_pandas(full):
    write_report(full.folder)
    table = pd.read_csv(full.folder / "report" / "deltas.csv")
    frames = {n: pd.concat([pd.read_csv(full.cell(f"{n}-seed{s}") / "scores.csv") for s in range(3)]) for n in ("v2", "v3")}
    means = {n: f.groupby("subcategory")["correct_official"].mean() for n, f in frames.items()}
    ours = table[(table["level"] == "subcategory") & table["primary"]].set_index("subcategory")["delta"]
    pd.testing.assert_series_equal(ours.sort_index(), (means["v3"] - means["v2"]).sort_index(), check_names=False)
    assert len(table) == 3 * (2 + 3 + len(ours)), "three pairs: two scopes overall, three domains, one row per subcategory"


def test_long_reasons_and_lists_are_capped(full):
    rejected = [{"row": i, "id": f"row{i}", "reason": "answer is not among the choices"} for i in range(50)]
    full.finish("v3-seed0", full.answers(), rejected=rejected)
    text = write_report(full.folder).read_text()
    assert "and 30 more" in text
    assert len(load(full)["failures"]["rejected"]) == 50


def test_console_is_plain_when_piped(full, capsys):
    print_summary(compare_sweep(read_sweep(full.folder)), Console(highlight=False, width=120))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "Phonemic Stress Pattern Analysis" in out
    assert "recipe: v3 - v2 = +" in out
    assert ": v3 is better; these 6 models: [" in out


def test_console_with_nothing_finished(maker, capsys):
    sweep = maker(7).plan({"v2": 1, "v3": 1})
    print_summary(compare_sweep(read_sweep(sweep.folder)))
    assert "No verdict yet" in capsys.readouterr().out


def test_identical_arms_are_undecided(maker):
    sweep = maker(8).plan({"v2": 2, "v3": 2})
    same = sweep.answers()
    for seed in range(2):
        sweep.finish(f"v2-seed{seed}", same)
        sweep.finish(f"v3-seed{seed}", same)
    write_report(sweep.folder)
    comparison = load(sweep)
    assert [(entry["p"], entry["interval"]) for entry in comparison["pairs"]] == [(1.0, None)] * 2
    assert ": undecided, nothing varies" in verdict(comparison)[0]


def test_svg_marks_are_told_apart_without_colour(full):
    write_report(full.folder)
    text = (full.folder / "report" / "deltas.svg").read_text()
    colours = set(re.findall(r"#[0-9a-f]{6}", text))
    assert all(c[1:3] == c[3:5] == c[5:7] for c in colours), "greys only"
    assert "<dc:date>" not in text
    for label in ("flagged (Holm over subcategories)", "all questions", "v3 - v2", "v2 - base", "v3 - base"):
        assert label in text


def test_thousand_rows_stay_listed_when_audio_is_missing(maker):
    sweep = maker(9).plan({"base": 1}, baseline="base", treatment="v3")
    sweep.finish("base-seed0", np.zeros(len(sweep.items), dtype=int))
    comparison = compare_sweep(read_sweep(sweep.folder))
    expected = sum(item["id"].endswith("7") for item in sweep.items)
    assert len(comparison["failures"]["items"]) == expected
    assert comparison["arms"]["base"]["n"] == len(sweep.items)
    assert any(f"{expected} questions could not be put" in line for line in verdict(comparison))
