"""The display of running cells: what it shows, in windows of any width, and that it leaves the terminal in order."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import signal
import struct
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console

from gemma_audio.config import load_config
from gemma_audio.sweep.display import Running, display
from gemma_audio.sweep.estimate import Estimate
from gemma_audio.sweep.event import Event
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.plan import Step
from gemma_audio.sweep.progress import Progress

HERE = Path(__file__).parent
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def cell(index: int, name: str) -> Cell:
    config = load_config()
    config.name = name
    return Cell(index, config, (), Path(f"{index}-{name}"))


def plan(seconds: float | None = None) -> list[Step]:
    estimate = None if seconds is None else Estimate(seconds, 2)
    return [Step("tune", "tune-1", "train", "", 200, estimate), Step("eval", "eval-1", "answer", "", 0, estimate)]


def half_way(folder: Path, said: list[str], names: tuple[str, ...] = ("v2-seed0",), seconds: float | None = None) -> Progress:
    progress = Progress({index: plan(seconds) for index in range(3)}, folder, said.append)
    for index, name in enumerate(names):
        progress.told(cell(index, name), Event("began", "encoder_retrain", "training"))
        event = Event("progress", done=120, total=1000, loss=1.23456, tokens_per_second=15432.1)
        progress.told(cell(index, name), event)
    return progress


def shown(progress: Progress, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=True, no_color=True).print(Running(progress))
    return CONTROL.sub("", out.getvalue())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_one_line_per_running_cell_and_one_about_the_whole(width: int, tmp_path: Path) -> None:
    progress = half_way(tmp_path, [], ("v2-seed0", "v3-lr0.001-a-rather-long-name-of-an-arm-seed0"))
    lines = shown(progress, width).splitlines()
    assert len(lines) == 4
    assert all(len(line.rstrip()) <= width for line in lines)
    assert all("120/1000" in line and "1.235" in line and "15,432" in line for line in lines[1:3])
    assert "[0/3]" in lines[3]
    assert "GB free" in lines[3]
    if width >= 60:
        assert lines[1].split()[:2] == ["v2-seed0", "encoder_retrain"]


def test_ends_are_counted_and_failures_named(tmp_path: Path) -> None:
    said: list[str] = []
    progress = half_way(tmp_path, said)
    progress.ended(cell(0, "v2-seed0"), {"error": {"type": "ValueError", "message": "bad"}}, None)
    progress.ended(cell(1, "v3-seed0"), {}, {"accuracy": {"official": 0.5}})
    assert shown(progress, 60).startswith("[2/3] 1 failed;")
    assert "v2-seed0: FAILED (ValueError: bad)" in said[-2]
    assert "v3-seed0: finished, accuracy 50.0 %" in said[-1]


def test_past_runs_tell_the_time_left_before_anything_is_done(tmp_path: Path) -> None:
    steps = {index: [Step("tune", f"tune-{index}", "train", "", 9, Estimate(600.0, 2))] for index in range(4)}
    assert Progress(steps, tmp_path, side=2).left().startswith("about 20 min 0 s left")
    unknown = {**steps, 4: [Step("eval", "eval-4", "answer", "")]}
    assert "left" not in Progress(unknown, tmp_path, side=2).left().replace("GB free", "")


def test_steps_that_are_done_shorten_the_time_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("gemma_audio.sweep.progress.time.monotonic", lambda: now[0])
    progress = Progress({0: plan(60.0)}, tmp_path, lambda line: None)
    progress.told(cell(0, "a"), Event("began", "tune", "training"))
    now[0] = 90.0
    progress.told(cell(0, "a"), Event("progress", done=100, total=200))
    assert "about 4 min 30 s left" in progress.left(), "a quarter of the work took 90 s"
    progress.told(cell(0, "a"), Event("began", "evaluation", "answering"))
    progress.told(cell(0, "a"), Event("progress", done=1, total=2))
    assert "about 30 s left" in progress.left(), "three quarters took 90 s"


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": "xterm", "PIPED": "1"}])
def test_no_display_where_the_cursor_cannot_move(
    variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: "PIPED" not in variables)
    out, said = io.StringIO(), list[str]()
    progress = half_way(tmp_path, said)
    console = Console(file=out, force_terminal=True, _environ=variables)
    with display(progress, console):
        assert not progress.live
    assert out.getvalue() == ""
    assert said == ["[0/3] v2-seed0: encoder_retrain training"]


def terminal(command: list[str], width: int, until: str) -> tuple[int, str]:
    """Exit code and output of a command in a terminal of its own, with Ctrl-C typed once the screen shows `until`."""
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(HERE)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(TERM="xterm", NO_COLOR="1")
        os.execv(command[0], command)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    output, typed = b"", False
    while True:
        try:
            if not (new := os.read(descriptor, 65536)):
                break
        except OSError:  # the other end is gone
            break
        output += new
        if not typed and until.encode() in output:
            os.write(descriptor, b"\x03")
            typed = True
    os.close(descriptor)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), output.decode(errors="replace")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a pseudo-terminal as Linux has it")
def test_a_terminal_is_in_order_after_an_interrupt(tmp_path: Path) -> None:
    words = ["-m", "sweep=v2_v3", "recipe=v2,v3", "seed=0", "recipe.stages.adapter.mix.sources=[hang]", "engine.parallel=2"]
    command = [sys.executable, "fake_rooms.py", *words, f"out={tmp_path}", "tracker=[csv]"]
    code, output = terminal(command, 60, "v3-seed0  adapter_tune")
    assert code == 130, output
    assert output.count("\x1b[?25l") == output.count("\x1b[?25h") == 1, "the cursor is hidden once and shown again"
    after = output.split("\x1b[?25h")[1]
    assert "a library prints this" not in output
    assert "report:" in after
    assert not re.search(r"\x1b\[3[0-7]m", output), "NO_COLOR"
