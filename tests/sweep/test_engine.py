from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest
from fake_rooms import ROOMS

from gemma_audio.config import load_config
from gemma_audio.config.schema import Model
from gemma_audio.errors import ConfigError, Problem, StoreError
from gemma_audio.report.write import write_report
from gemma_audio.sweep import engine
from gemma_audio.sweep.engine import side_by_side
from gemma_audio.sweep.event import Task
from gemma_audio.sweep.ledger import TAIL, Cell, read_status, write_status, write_sweep
from gemma_audio.sweep.run import Runner

HERE = Path(__file__).parent


def cells(out: Path, *ways: str, extra: tuple[str, ...] = ()) -> list[Cell]:
    """One cell per way of going wrong ("" for well)."""
    made = []
    for index, way in enumerate(ways):
        words = [f"out={out}", "tracker=[csv]", f"seed={index}", f"recipe.stages.adapter.mix.sources=[{way}]", *extra]
        config = load_config(*words)
        made.append(Cell(index, config, tuple(words), out / "sweeps" / "s" / "stamp" / f"{index}-{config.name}"))
    return made


def runner(made: list[Cell], said: list[str], **more: Any) -> Runner:
    return Runner(made, made[0].folder.parent, ["gemma-audio"], ROOMS, say=said.append, **more)


def states(made: list[Cell]) -> list[str]:
    return [read_status(cell.folder)["state"] for cell in made]


def test_one_cell_that_dies_takes_no_other_with_it(tmp_path: Path) -> None:
    made, said = cells(tmp_path, "", "raise", "kill", "exit", "", extra=("engine.parallel=2",)), list[str]()
    assert runner(made, said).run() is False
    assert states(made) == ["finished", "failed", "failed", "failed", "finished"]
    errors = [read_status(cell.folder)["error"]["message"] for cell in made[1:4]]
    assert "not finite" in errors[0]
    assert "SIGKILL" in errors[1]
    assert "exit code 0 before the cell was done" in errors[2]
    assert sum("FAILED" in line for line in said) == 3


def test_the_log_of_a_cell_has_what_libraries_print_and_the_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = cells(tmp_path, "raise")
    runner(made, []).run()
    log = (made[0].folder / "run.log").read_text()
    assert "a library prints this" in log
    assert "Traceback" in log
    assert "RuntimeError: the loss is not finite" in log
    assert "a library prints this" not in "".join(capfd.readouterr())


def test_data_is_built_before_the_cells_and_once(tmp_path: Path) -> None:
    made = cells(tmp_path, "", "", extra=("engine.parallel=2",))
    assert runner(made, []).run() is True
    assert (tmp_path / "store" / "calls.log").read_text().splitlines().count("world") == 1


def test_a_base_that_cannot_be_had_is_told_once_and_before_data_are_made(tmp_path: Path) -> None:
    asked: list[str] = []

    def absent(model: Model) -> None:
        asked.append(model.source)
        raise ConfigError([Problem("model.source", "is no repository", "check the spelling")])

    made = cells(tmp_path, "", "")
    with pytest.raises(ConfigError, match="is no repository"):
        Runner(made, made[0].folder.parent, ["gemma-audio"], replace(ROOMS, model_files=absent)).run()
    assert asked == ["embedded"]
    assert not (tmp_path / "store" / "calls.log").exists()


def test_the_report_is_rebuilt_while_other_cells_go_on(tmp_path: Path) -> None:
    """The true report after the first finished cell: the folder is there, and the other cells are named as missing."""
    made, seen = cells(tmp_path, "", "raise", "hang", extra=("engine.parallel=1",)), list[dict[str, Any]]()
    folder = made[0].folder.parent
    folder.mkdir(parents=True)
    write_sweep(folder, made, ["gemma-audio"])

    def report() -> None:
        write_report(folder)
        seen.append(json.loads((folder / "report" / "comparison.json").read_text())["cells"])
        if seen[-1]["failed"]:
            os.kill(os.getpid(), signal.SIGINT)  # the third cell would hang

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a script does not hear it
    try:
        with pytest.raises(KeyboardInterrupt):
            runner(made, [], report=report).run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen[0]["finished"] == [made[0].name]
    assert {entry["name"] for entry in seen[0]["missing"] + seen[0]["failed"]} == {cell.name for cell in made[1:]}
    last = seen[-1]["failed"][0]
    assert (last["name"], last["stage"], last["log"]) == (made[1].name, "adapter_tune", f"{made[1].folder.name}/run.log")
    assert "the loss is not finite" in last["log_tail"][-1]


def test_an_early_report_that_fails_stops_nothing(tmp_path: Path) -> None:
    def broken() -> None:
        raise ValueError("no rows")

    made, said = cells(tmp_path, "", "", extra=("engine.parallel=1",)), list[str]()
    assert runner(made, said, report=broken).run() is True
    assert any("ValueError: no rows" in line for line in said)


def test_a_failed_cell_keeps_its_stage_and_the_end_of_its_log_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cells(tmp_path, "")[0]
    write_status(made.folder, "running")
    write_status(made.folder, "running", work="adapter_tune")
    monkeypatch.setenv("SOME_TOKEN", "canary-0123456789")
    (made.folder / "run.log").write_text("first\n" * 50 + "\nusing canary-0123456789\n    ^^^^\nlast\n")
    status = engine.settle(made, -int(signal.SIGKILL))
    assert status["work"] == "adapter_tune"
    assert status["error"]["log_tail"][-3:] == ["first", "using [redacted]", "last"]
    assert len(status["error"]["log_tail"]) == TAIL


def test_a_second_command_starts_no_process_and_imports_nothing_heavy(tmp_path: Path) -> None:
    script = "import sys, fake_rooms; from gemma_audio.cli.main import main\n"
    script += "code = main(['gemma-audio', *sys.argv[1:]], fake_rooms.ROOMS)\n"
    script += "print('HEAVY', sorted({'torch', 'transformers', 'lightning'} & set(sys.modules)), code)"
    command = [sys.executable, "-c", script, f"out={tmp_path}", "tracker=[csv]"]
    first, second = (subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True) for _ in range(2))
    assert "everything is in the store" not in first.stdout
    assert "everything is in the store" in second.stdout
    assert "HEAVY [] 0" in second.stdout
    assert (tmp_path / "store" / "calls.log").read_text().splitlines().count("evaluate ['adapter_tune']") == 1


class Ended:
    """Stands for a process that has been killed."""

    exitcode = -int(signal.SIGKILL)

    def __init__(self) -> None:
        self.sentinel, write = os.pipe()
        os.close(write)

    def join(self, timeout: float | None = None) -> None: ...

    def terminate(self) -> None: ...

    def is_alive(self) -> bool:
        return False


@pytest.mark.parametrize("moment", ["told", "settled"])
def test_an_interrupt_while_the_report_is_rebuilt_loses_no_cell(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two cells end at once, and the interrupt comes when the first has been told of, or settled."""
    made, settle, settled = cells(tmp_path, "", ""), engine.settle, iter([moment == "settled", False, False, False])
    for cell in made:
        write_status(cell.folder, "running")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    def settle_and_be_interrupted(*words: Any) -> dict[str, Any]:
        status = settle(*words)
        if next(settled):
            raise KeyboardInterrupt
        return status

    monkeypatch.setattr(engine, "settle", settle_and_be_interrupted)
    monkeypatch.setattr(engine, "_start", lambda task: engine.Running(task.cell, Ended(), Pipe(duplex=False)[0]))
    tasks = [Task(cell, None, "", 0.0, frozenset(), ()) for cell in made]  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        engine.LocalEngine(2, interrupted, interrupted).run(tasks)
    assert states(made) == ["failed", "failed"]
    assert all("SIGKILL" in read_status(cell.folder)["error"]["message"] for cell in made)


def test_what_is_damaged_is_found_before_anything_starts_and_made_again(tmp_path: Path) -> None:
    made = cells(tmp_path, "")
    assert runner(made, []).run() is True
    (scores,) = tmp_path.glob("store/eval-*/scores.csv")
    scores.write_text("id\n")
    again, said = cells(tmp_path, ""), list[str]()
    assert runner(again, said).run() is True
    assert any("DAMAGED" in line for line in said)
    assert "everything is in the store: nothing to train, nothing to answer" not in said


def test_only_is_refused_before_anything_starts(tmp_path: Path) -> None:
    made = cells(tmp_path, "", extra=("reuse=only",))
    with pytest.raises(StoreError, match=r"adapter_tune-\w{12}: nothing like it(.|\n)*reuse=missing"):
        runner(made, []).run()
    assert states(made) == ["planned"]


def test_cells_side_by_side() -> None:
    cores = len(os.sched_getaffinity(0))
    assert side_by_side(load_config(), 100) == cores
    assert side_by_side(load_config("engine.parallel=7"), 100) == 7
    assert side_by_side(load_config("engine.parallel=7"), 3) == 3
    assert side_by_side(load_config("trainer=gpu"), 100) == 1


def start(out: Path) -> subprocess.Popen[str]:
    """A sweep of three seeds whose training hangs, in a process (and process group) of its own."""
    words = ["-m", "sweep=v2_v3", "recipe=v2,v3", "seed=0,1", "recipe.stages.adapter.mix.sources=[hang]", "engine.parallel=2"]
    code = "import sys, fake_rooms; from gemma_audio.cli.main import main\n"
    code += "sys.exit(main(['gemma-audio', *sys.argv[1:]], fake_rooms.ROOMS))"
    command = [sys.executable, "-c", code, *words, f"out={out}", "tracker=[csv]"]
    hears_interrupts = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a script does not
    try:
        return subprocess.Popen(
            command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, hears_interrupts)


def hanging(out: Path, count: int) -> list[int]:
    """Process ids of the cells once `count` of them hang."""
    for _ in range(600):
        log = out / "store" / "calls.log"
        lines = log.read_text().splitlines() if log.exists() else []
        pids = [int(line.split()[1]) for line in lines if line.startswith("hanging")]
        if len(pids) >= count:
            return pids
        time.sleep(0.1)
    raise AssertionError("the cells did not start")


def gone(pid: int) -> bool:
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="process states are read from /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_cells_and_still_writes_the_report(number: signal.Signals, tmp_path: Path) -> None:
    process = start(tmp_path)
    pids = hanging(tmp_path, 2)
    process.send_signal(number)
    try:
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, output
    assert all(gone(pid) for pid in pids)
    (comparison,) = tmp_path.glob("sweeps/v2_v3/*/report/comparison.json")
    listed = json.loads(comparison.read_text())["cells"]
    assert len(listed["finished"]) == 0
    assert [entry["name"] for entry in listed["failed"]] == ["v2-seed0", "v3-seed0"]
    assert all("interrupted before it was done" in entry["reason"] for entry in listed["failed"])
    assert [entry["name"] for entry in listed["missing"]] == ["v2-seed1", "v3-seed1"]
    assert "report:" in output


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="process states are read from /proc")
def test_cells_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path)
    pids = hanging(tmp_path, 2)
    process.kill()
    process.wait()
    assert all(gone(pid) for pid in pids)
