from __future__ import annotations

from pathlib import Path

import pytest

from gemma_audio.cli.main import _conclude
from gemma_audio.sweep.curve import Curve

ROWS = "step,stage,loss,memory_gb\n1,tune,0.5,\n2,tune,0.25,1.5\n3,tune,0.125,1.5\n"


@pytest.mark.parametrize(("logged", "expected"), [((3,), [1, 2, 3]), ((1, 2), [1, 2]), ((), [1, 2, 3])])
def test_a_stage_that_goes_on_tells_what_was_there_before_in_order_and_once(
    logged: tuple[int, ...], expected: list[int], tmp_path: Path
) -> None:
    (tmp_path / "metrics.csv").write_text(ROWS)
    heard: list[tuple[int, dict[str, float]]] = []
    curve = Curve(tmp_path / "metrics.csv", lambda step, figures: heard.append((step, figures)))
    for step in logged:
        curve(step, {"loss": 9.0})
    curve.finish()
    assert [step for step, _ in heard] == expected
    if 1 not in logged:
        assert heard[:2] == [(1, {"loss": 0.5}), (2, {"loss": 0.25, "memory_gb": 1.5})]


def test_a_stage_that_goes_on_tells_its_probes_too_each_at_its_step(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(ROWS)
    (tmp_path / "probes.csv").write_text("step,n,accuracy,Tempo\n0,4,0.25,0\n2,4,0.5,1\n")
    heard: list[tuple[int, dict[str, float]]] = []
    Curve(tmp_path / "metrics.csv", lambda step, figures: heard.append((step, figures)))(3, {"loss": 9.0})
    assert heard == [
        (0, {"dev/accuracy": 0.25}),
        (1, {"loss": 0.5}),
        (2, {"loss": 0.25, "memory_gb": 1.5, "dev/accuracy": 0.5}),
        (3, {"loss": 9.0}),
    ]


def test_a_stage_without_rows_tells_nothing(tmp_path: Path) -> None:
    Curve(tmp_path / "metrics.csv", lambda step, figures: pytest.fail("there is nothing to tell")).finish()


def test_a_report_that_fails_at_the_end_is_said_and_raises_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sweep.json").write_text("{")
    assert _conclude(tmp_path) is False
    said = capsys.readouterr().err
    assert "sweep.json cannot be read" in said
    assert "the same command reports again" in said
    assert "Traceback" not in said
