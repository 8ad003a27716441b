"""The process of one cell: its output goes to run.log, its events to the parent; it never outlives the parent."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from gemma_audio.sweep.event import Event, Task
from gemma_audio.sweep.job import run_cell
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.redact import redact_text
from gemma_audio.sweep.stages import Watch
from gemma_audio.sweep.store import Store
from gemma_audio.sweep.tracker import Trackers

EVERY = 0.5  # seconds between two progress events


def main(task: Task, pipe: Connection) -> None:
    """Run a cell; exits with 1 if it failed, quietly where the traceback is already in run.log."""
    cell = task.cell
    _redirect(cell.folder / "run.log")
    _die_with_parent()
    sys.argv = list(task.argv)  # wandb stores it: only without secrets
    events = Events(pipe)
    store = Store(cell.store, cell.config.reuse, task.since, events.say, set(task.verified))
    trackers = partial(_trackers, task)
    try:
        run_cell(cell, links=task.links, store=store, watch=events.watch(), trackers=trackers)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # its traceback is in run.log already
        sys.exit(1)


def _trackers(task: Task, cell: Cell, warn: Callable[[str], None]) -> Trackers:
    return Trackers.of(cell, task.mirror, warn)


class Events:
    """Sends events, progress at most twice a second; a parent that is gone is no error."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._last = pipe, 0.0

    def watch(self) -> Watch:
        return Watch(began=self._began, progress=self.progress, say=self.say)

    def _began(self, name: str, action: str) -> None:
        self._send(Event("began", name, action))

    def say(self, line: str) -> None:
        logging.getLogger(__name__).info(line)
        self._send(Event("say", redact_text(line)))

    def progress(self, done: int, total: int, figures: dict[str, Any]) -> None:
        if done < total and time.monotonic() - self._last < EVERY:
            return
        self._last = time.monotonic()
        loss, rate = figures.get("loss"), figures.get("tokens_per_second")
        self._send(Event("progress", done=done, total=total, loss=loss, tokens_per_second=rate))

    def _send(self, event: Event) -> None:
        with suppress(OSError):
            self._pipe.send(event)


def _redirect(log: Path) -> None:
    """Everything that this process or a library prints, also from C, ends up in `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)
    faulthandler.enable(file=2)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    warnings.simplefilter("ignore")


def _die_with_parent() -> None:
    """End this process as soon as the one that started it is gone, even if that was killed."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=partial(_exit_after, parent.sentinel), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
