from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gemma_audio.cli.console import print_plan
from gemma_audio.config import load_config
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.plan import Step

WHY = "stages.optim.lr: 0.0003 -> 0.001, " * 12 + "END"
NAME = "v3-lr0.001-a-rather-long-name-of-an-arm-seed0"


def printed(capsys: pytest.CaptureFixture[str], steps: int = 200) -> str:
    cell = Cell(0, replace(load_config(), name=NAME), (), Path())
    print_plan([cell], {0: [Step("stage", "adapter_tune-0123456789ab", "train", WHY, steps)]})
    return capsys.readouterr().out


def test_a_plan_in_a_pipe_keeps_every_step_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = [line for line in printed(capsys).splitlines() if line.startswith(NAME)]
    assert line.split(maxsplit=3) == [NAME, "adapter_tune-0123456789ab", "train", WHY]


@pytest.mark.parametrize("width", [40, 80, 100, 120, 200])
def test_a_plan_in_a_terminal_loses_no_character(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    out = re.sub(r"\x1b\[[0-9;]*m", "", printed(capsys))
    assert "…" not in out
    wanted = NAME + "adapter_tune-0123456789ab" + "train" + WHY.replace(" ", "") + "cellworkactionwhy"
    body = out.split("To do:")[0]
    assert sorted("".join(body.split())) == sorted(wanted)
    if width >= 120:
        assert f"{NAME}  adapter_tune-0123456789ab  train" in out


@pytest.mark.parametrize(("steps", "said"), [(1, "1 stage to train (1 step), 0 evaluations"), (2, "1 stage to train (2 steps)")])
def test_one_is_no_plural(steps: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in printed(capsys, steps)
