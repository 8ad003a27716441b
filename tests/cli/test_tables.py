from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gemma_audio.cli.console import print_plan
from gemma_audio.config import load_config
from gemma_audio.sweep.estimate import Estimate
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.plan import Step

WHY = "stages.optim.lr: 0.0003 -> 0.001, " * 12 + "END"
NAME = "v3-lr0.001-a-rather-long-name-of-an-arm-seed0"


def printed(capsys: pytest.CaptureFixture[str], steps: int = 200, estimate: Estimate | None = None) -> str:
    cell = Cell(0, replace(load_config(), name=NAME), (), Path())
    print_plan([cell], {0: [Step("adapter_tune", "adapter_tune-0123456789ab", "train", WHY, steps, estimate)]})
    return capsys.readouterr().out


def test_a_plan_in_a_pipe_keeps_every_step_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = [line for line in printed(capsys).splitlines() if line.startswith(NAME)]
    assert line.split(maxsplit=4) == [NAME, "adapter_tune-0123456789ab", "train", "unknown", WHY]


@pytest.mark.parametrize("width", [40, 80, 100, 120, 200])
def test_a_plan_in_a_terminal_loses_no_character(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    out = re.sub(r"\x1b\[[0-9;]*m", "", printed(capsys))
    assert "…" not in out
    wanted = NAME + "adapter_tune-0123456789ab" + "trainunknown" + WHY.replace(" ", "") + "cellworkactiontimewhy"
    body = out.split("To do:")[0]
    assert sorted("".join(body.split())) == sorted(wanted)
    if width >= 120:
        assert f"{NAME}  adapter_tune-0123456789ab  train" in out


@pytest.mark.parametrize(("steps", "said"), [(1, "1 stage to train (1 step), 0 evaluations"), (2, "1 stage to train (2 steps)")])
def test_one_is_no_plural(steps: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in printed(capsys, steps)


def test_a_plan_says_how_long_it_takes_and_who_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Time: no past run in the store tells of adapter_tune." in printed(capsys)
    out = printed(capsys, estimate=Estimate(200.0, 3))
    assert "train   3 min 20 s  " in out
    assert "Time: about 3 min 20 s (adapter_tune: from 3 past runs)." in out


def planned(*steps: tuple[str, str, str, float | None]) -> list[Step]:
    """Steps by kind, name, action and seconds."""
    return [
        Step(kind, f"{kind}-{name}", action, "", 10, None if s is None else Estimate(s, 1)) for kind, name, action, s in steps
    ]


def test_shared_and_reused_work_takes_no_time_twice(capsys: pytest.CaptureFixture[str]) -> None:
    cells = [Cell(i, replace(load_config(), name=name), (), Path()) for i, name in enumerate(("a", "b", "c"))]
    plans = {
        0: planned(("data", "1", "build", 7), ("tune", "1", "train", 100), ("eval", "1", "answer", 20)),
        1: planned(("data", "1", "build", 7), ("tune", "1", "train", 100), ("eval", "1", "answer", 20)),
        2: planned(("data", "1", "build", 7), ("tune", "2", "reuse", 500), ("eval", "2", "answer", None)),
    }
    print_plan(cells, plans, side=1)
    out = capsys.readouterr().out
    assert "about 2 min 7 s, 1 cell at a time" in out
    assert "data: from 1 past run; tune: from 1 past run; eval: from 1 past run; eval: no past run, not counted" in out
    assert out.count("made for a") == 4
