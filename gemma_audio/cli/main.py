"""`gemma-audio`: run one recipe, or with -m a sweep, from config to conclusion."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gemma_audio.config.allocator import expand_segments
from gemma_audio.errors import GemmaAudioError

if TYPE_CHECKING:
    from gemma_audio.cli.collect import Collected
    from gemma_audio.sweep.rooms import Rooms
    from gemma_audio.sweep.run import Runner

FAILED, REFUSED, UNANSWERED, INTERRUPTED = 1, 2, 3, 130


def main(argv: Sequence[str] | None = None, rooms: Rooms | None = None) -> int:
    """Run the command line `argv` (sys.argv by default), with other `rooms` in tests.

    The exit code is 0 only if every cell finished and every question was heard; 1 if a cell did not finish, 2 for a command that
    was refused, 3 if sounds were missing or bad or rows of the benchmark were rejected (all listed), 130 if interrupted.
    """
    argv = list(sys.argv if argv is None else argv)
    expand_segments(os.environ)
    try:
        from gemma_audio.cli.collect import collect

        collected = collect(argv)
        return _run(collected, argv, rooms) if collected.jobs else 0
    except GemmaAudioError as error:
        print(f"gemma-audio: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("gemma-audio: interrupted; the same command goes on where this one stopped", file=sys.stderr)
        return INTERRUPTED


def _run(collected: Collected, argv: Sequence[str], rooms: Rooms | None) -> int:
    from gemma_audio.cli.checks import checked
    from gemma_audio.cli.console import print_memory, print_plan
    from gemma_audio.sweep.engine import side_by_side
    from gemma_audio.sweep.ledger import Cell, new_folder
    from gemma_audio.sweep.rooms import Rooms
    from gemma_audio.sweep.run import Runner

    rooms = rooms or Rooms()
    configs = checked(collected, rooms)
    if configs[0].plan:
        cells = [Cell(i, config, (), Path()) for i, config in enumerate(configs)]
        print_plan(cells, Runner(cells, Path(), argv, rooms).plans(), side_by_side(configs[0], len(cells)))
        print_memory(configs)
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    folder = new_folder(configs[0], multirun=collected.multirun)
    jobs = zip(configs, collected.jobs, strict=True)
    if collected.multirun:
        cells = [Cell(i, config, job.overrides, folder / f"{i}-{config.name}") for i, (config, job) in enumerate(jobs)]
        code = _sweep(Runner(cells, folder, argv, rooms))
    else:
        code = _single(Runner([Cell(0, configs[0], collected.jobs[0].overrides, folder)], folder, argv, rooms))
    _print_sync(folder)
    return code


def _sweep(runner: Runner) -> int:
    """Run a sweep; its report is written whatever happens, and a report that cannot be written is a failure."""
    from gemma_audio.sweep.ledger import write_sweep

    folder = runner.folder
    write_sweep(folder, runner.cells, runner.argv)
    print(f"{len(runner.cells)} cell{'s' if len(runner.cells) != 1 else ''} in {_relative(folder)}", flush=True)
    runner.report = lambda: _write_report(folder)
    finished = reported = False
    try:
        finished = runner.run()
    finally:
        reported = _conclude(folder)
    if reported:
        _mirror(runner)
    return _exit_code(runner) if finished and reported else FAILED


def _conclude(folder: Path) -> bool:
    """Write the report and print its summary; what goes wrong with it is said and stops nothing: the results are on disk."""
    try:
        _write_report(folder)
        _show_report(folder)
    except Exception as error:
        said = f"the report of {_relative(folder)} failed ({type(error).__name__}: {error})"
        print(f"gemma-audio: {said}; its cells' results are kept, the same command reports again", file=sys.stderr)
        return False
    return True


def _mirror(runner: Runner) -> None:
    """Write the comparison where cells are written to, beside the disk; what goes wrong with it is said and stops nothing."""
    from gemma_audio.sweep.wandb_child import is_mirrored, mirror_comparison

    if not is_mirrored(runner.cells):
        return
    work = [steps[-1].name for steps in runner.plans().values()]
    say = partial(print, "gemma-audio:", file=sys.stderr)
    mirror_comparison(runner.cells, work, runner.folder, runner.argv, say)


def _print_sync(folder: Path) -> None:
    from gemma_audio.sweep.wandb_child import sync_line

    if line := sync_line(_relative(folder)):
        print(f"to upload: {line}", flush=True)


def _single(runner: Runner) -> int:
    from gemma_audio.cli.console import print_accuracy, print_failure
    from gemma_audio.sweep.ledger import read_status, write_run
    from gemma_audio.sweep.run import result_of

    write_run(runner.cells[0], runner.argv)
    if not runner.run():
        print_failure(runner.cells[0].name, read_status(runner.folder), f"{_relative(runner.folder)}/run.log")
        return FAILED
    print_accuracy(runner.cells[0], result_of(runner.cells[0]))
    print(f"{_relative(runner.folder)}/result.json")
    return _exit_code(runner)


def _exit_code(runner: Runner) -> int:
    """0, or UNANSWERED where a finished cell's benchmark had questions that could not be heard or used."""
    from gemma_audio.sweep.run import result_of

    benchmarks = [result_of(cell)["benchmark"] for cell in runner.cells]
    return UNANSWERED if any(found.get(key) for found in benchmarks for key in ("missing", "failed", "rejected")) else 0


def _write_report(folder: Path) -> None:
    from gemma_audio.report.write import write_report

    write_report(folder)


def _show_report(folder: Path) -> None:
    from gemma_audio.report.console import print_summary

    print_summary(json.loads((folder / "report" / "comparison.json").read_text()), folder=_relative(folder))
    print(f"report: {_relative(folder)}/report/index.html", flush=True)


def _relative(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
