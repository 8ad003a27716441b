"""The bench runs every measurement, says what failed and judges nothing by its exit code. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gemma_audio.cli.bench import __main__ as bench
from gemma_audio.cli.bench import catalogue
from gemma_audio.cli.bench.catalogue import MEASURES, measure, measured
from gemma_audio.cli.bench.clock import agree, paired, repeated
from gemma_audio.cli.bench.figure import Bound, Figure, number
from gemma_audio.cli.bench.setting import Setting
from gemma_audio.cli.bench.sweeps import ABLATION, ablation
from gemma_audio.cli.bench.table import document, markdown
from gemma_audio.errors import GemmaAudioError


def test_every_measurement_gives_figures_in_a_well_formed_table(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gemma_audio.cli.bench", "--quick"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = tmp_path / "outputs" / "bench"
    assert sorted(path.name for path in written.iterdir()) == ["partial.json", "partial.md"], "tiny sizes are no result to keep"
    found = json.loads((written / "partial.json").read_text())
    _check_figures(found)
    rows = [line.strip("|").split("|") for line in (written / "partial.md").read_text().splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} == {5}
    assert [row[0].strip() for row in rows[2:]] == [figure["name"] for figure in found["figures"]]


def _check_figures(found: dict[str, Any]) -> None:
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert not [figure for figure in figures.values() if "failed" in figure["note"]]
    assert {name for name, figure in figures.items() if figure["value"] is None} <= {"make ablation", "peak memory"}
    assert all(figure["value"] > 0 for figure in figures.values() if figure["value"] is not None)
    assert {figure["verdict"] for figure in figures.values()} == {""}, "tiny sizes are not judged"
    assert len(figures) == len(found["figures"]) > len(MEASURES)
    assert (found["schema"], found["quick"], found["threads"]) == (1, True, 1)
    assert found["versions"]["torch"]
    datetime.fromisoformat(found["date"])


@pytest.mark.parametrize(
    ("value", "bound", "verdict"),
    [
        (1.0, Bound(1), "ok"),
        (1.1, Bound(1), "over"),
        (60.0, Bound(60, least=True), "ok"),
        (59.0, Bound(60, least=True), "over"),
        (None, Bound(1), ""),
        (1.0, None, ""),
    ],
)
def test_a_bound_decides(value: float | None, bound: Bound | None, verdict: str) -> None:
    figure = Figure("f", value, "s", bound)
    assert figure.verdict == verdict
    assert document([figure], quick=False)["figures"][0]["verdict"] == verdict


def test_numbers_have_three_digits() -> None:
    assert [number(value) for value in (0.01234, 1.234, 12.34, 123.4, 12345.6)] == ["0.0123", "1.23", "12.3", "123", "12,346"]


def test_a_note_of_several_lines_stays_one_row() -> None:
    figures = [Figure("f", 1.0, "s", note="first\nsecond")]
    assert "first second" in markdown(figures, document(figures, quick=False)).splitlines()[2]


def test_two_ways_with_other_results_are_not_compared() -> None:
    calls: list[str] = []

    def way(name: str, result: float) -> list[float]:
        calls.append(name)
        return [result]

    with pytest.raises(GemmaAudioError, match=r"other results: up to 0\.1 apart"):
        paired(lambda: way("fast", 1.0), lambda: way("slow", 1.1), 3)
    assert calls == ["fast", "slow"]
    with pytest.raises(GemmaAudioError, match="other shapes"):
        agree([1.0], [1.0, 1.0])
    with pytest.raises(GemmaAudioError, match="other results"):
        agree([float("nan")], [1.0])


def test_what_is_paired_is_timed_alternately_after_a_warm_up() -> None:
    calls: list[str] = []
    paired(lambda: calls.append("fast") or 1.0, lambda: calls.append("slow") or 1.0, 2)
    assert calls == ["fast", "slow"] * 3
    calls.clear()
    repeated(lambda: calls.append("one"), 2)
    assert len(calls) == 3


def test_a_measurement_that_fails_says_so_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(catalogue.MEASURES, "broken", "nowhere:nothing")
    (figure,) = measured("broken", Setting(True, tmp_path))
    assert figure.value is None
    assert figure.note.startswith("failed: ModuleNotFoundError")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gemma_audio.sweep.engine.prepare", lambda *_: None)
    assert bench.main(["--only", "broken,ablation"]) == 0
    said = capsys.readouterr().out
    assert "failed: ModuleNotFoundError" in said
    assert "not run here" in said
    assert not (tmp_path / "outputs/bench/bench.json").exists(), "a part never replaces the whole"


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        bench.main(["--only", "clips,speed"])
    assert refused.value.code == 2
    assert "speed: unknown; known: help, completion" in capsys.readouterr().err


def test_every_name_has_a_function() -> None:
    assert len({measure(name) for name in MEASURES}) == len(MEASURES)


@pytest.mark.parametrize(
    ("action", "command", "state", "counts"),
    [
        ("trained", ABLATION, "finished", True),
        ("reused", ABLATION, "finished", False),
        ("trained", [*ABLATION, "seed=0"], "finished", False),
        ("trained", ABLATION, "failed", False),
    ],
)
def test_the_newest_whole_ablation_counts(
    action: str, command: list[str], state: str, counts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _sweep("2026-01-01_10-00-00", 120, "trained", ABLATION, "finished")
    _sweep("2026-01-02_10-00-00", 300, action, command, state)
    (figure,) = ablation(Setting(False, tmp_path))
    assert figure.value == pytest.approx(5 if counts else 2)
    assert figure.note.endswith("2026-01-02_10-00-00" if counts else "2026-01-01_10-00-00")


def _sweep(stamp: str, seconds: int, action: str, command: list[str], state: str) -> None:
    cell = Path("outputs/sweeps/v2_v3", stamp, "0-v3-seed0")
    cell.mkdir(parents=True)
    ended = datetime.strptime(stamp, "%Y-%m-%d_%H-%M-%S").astimezone() + timedelta(seconds=seconds)
    (cell / "status.json").write_text(json.dumps({"state": state, "ended": ended.isoformat()}))
    (cell / "result.json").write_text(json.dumps({"stages": [{"action": action}]}))
    plan = {"command": command, "stamp": stamp, "cells": [{"folder": cell.name}]}
    (cell.parent / "sweep.json").write_text(json.dumps(plan))
