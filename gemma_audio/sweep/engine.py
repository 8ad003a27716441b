"""The local engine: every cell in a process of its own, several side by side; one that dies takes no other with it."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, set_forkserver_preload
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

from gemma_audio.config.kinds import Accelerator
from gemma_audio.config.schema import Config
from gemma_audio.sweep import child
from gemma_audio.sweep.event import Event, Task
from gemma_audio.sweep.ledger import INTERRUPTED, Cell, keep_log_tail, read_status, write_status
from gemma_audio.sweep.redact import redact_file

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
QUIET = {"TOKENIZERS_PARALLELISM": "false", "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
GRACE = 5.0  # seconds a process gets to end after SIGTERM
HEARTBEAT = 1.0


@dataclass
class Running:
    """A cell's process and the pipe its events come through."""

    cell: Cell
    process: ForkServerProcess
    pipe: Connection


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(config: Config, cells: int) -> int:
    """How many cells run at once: as configured, else one per core, or one in all where they share a GPU."""
    wanted = config.engine.parallel or (cores() if config.trainer.accelerator is Accelerator.cpu else 1)
    return max(1, min(wanted, cells))


def prepare(config: Config, parallel: int, preload: Sequence[str]) -> None:
    """Set the threads of a cell and what the fork server imports; must come before the first process of either kind."""
    threads = config.trainer.threads or max(1, cores() // parallel)
    os.environ.update({name: str(threads) for name in THREADS})
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
    set_forkserver_preload(list(preload))


class LocalEngine:
    """Runs tasks, at most `parallel` at once; `told(cell, event)` hears events and `ended(cell, status)` every end."""

    def __init__(self, parallel: int, told: Callable[[Cell, Event], None], ended: Callable[[Cell, dict[str, Any]], None]) -> None:
        self.parallel, self.told, self.ended = parallel, told, ended
        self._running: list[Running] = []
        self._over: list[Running] = []  # their processes have ended, their status is not settled yet

    def run(self, tasks: Sequence[Task]) -> None:
        """Run all tasks; a cell that fails or dies does not stop the others. An interrupt ends the running cells first."""
        waiting = deque(tasks)
        try:
            while waiting or self._running:
                while waiting and len(self._running) < self.parallel:
                    self._running.append(_start(waiting.popleft()))
                self._end()  # after the next cells have started: what listens may take its time
                self._wait()
            self._end()
        finally:
            self._stop()

    def _end(self) -> None:
        """Settle all cells that are over, and only then tell of them: whoever listens may be interrupted."""
        ends = [(running.cell, settle(running.cell, running.process.exitcode or 0)) for running in self._over]
        self._over.clear()
        for cell, status in ends:
            self.ended(cell, status)

    def _wait(self) -> None:
        """Hear what the running cells have to say, and set those that are over apart."""
        handles = [handle for running in self._running for handle in (running.process.sentinel, running.pipe)]
        ready = connection.wait(handles, timeout=HEARTBEAT)
        over = [running for running in self._running if running.process.sentinel in ready]
        for running in self._running:
            if running.pipe in ready or running in over:
                self._drain(running)
        for running in over:
            running.process.join()
            running.pipe.close()
            self._over.append(running)
            self._running.remove(running)

    def _drain(self, running: Running) -> None:
        with suppress(EOFError, OSError):
            while running.pipe.poll():
                self.told(running.cell, running.pipe.recv())

    def _stop(self) -> None:
        for running in self._over:
            settle(running.cell, running.process.exitcode or 0)
        self._over.clear()
        for running in self._running:
            running.process.terminate()
        for running in self._running:
            running.process.join(GRACE)
            if running.process.is_alive():
                running.process.kill()
                running.process.join()
            settle(running.cell, running.process.exitcode or 0, INTERRUPTED)
        self._running.clear()


def settle(cell: Cell, exit_code: int, reason: str = "") -> dict[str, Any]:
    """What became of a cell whose process has ended; a cell that could not say so itself is marked as failed."""
    with suppress(OSError):
        redact_file(cell.folder / "run.log")
    status = read_status(cell.folder)
    if status["state"] == "finished" and exit_code == 0:
        return status
    if status["state"] != "failed":
        error = {"type": "ProcessEnded", "message": reason or _cause(exit_code), "traceback_tail": ""}
        write_status(cell.folder, "failed", error)
    with suppress(OSError):
        keep_log_tail(cell.folder)
    return read_status(cell.folder)


def _start(task: Task) -> Running:
    receiver, sender = get_context("forkserver").Pipe(duplex=False)
    process = get_context("forkserver").Process(target=child.main, args=(task, sender), name=task.cell.name)
    process.start()
    sender.close()
    return Running(task.cell, process, receiver)


def _cause(exit_code: int) -> str:
    if exit_code >= 0:
        return f"its process ended with exit code {exit_code} before the cell was done; see run.log"
    name = signal.Signals(-exit_code).name
    hint = " (out of memory? try engine.parallel=1)" if -exit_code == signal.SIGKILL else ""
    return f"its process was ended by {name}{hint}"
