"""Whole sweeps: the smoke sweep from nothing and again, its memory, and the newest ablation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from gemma_audio.cli.bench.clock import once
from gemma_audio.cli.bench.figure import Bound, Figure
from gemma_audio.cli.bench.setting import TINY_WORLD, Setting
from gemma_audio.errors import GemmaAudioError
from gemma_audio.sweep.ledger import read_status

SMOKE = (sys.executable, "-m", "gemma_audio", "-m", "sweep=smoke")
TINY = (*TINY_WORLD, "trainer.max_steps=1")
ABLATION = ["gemma-audio", "-m", "sweep=v2_v3"]
OUT = Path("outputs")
LOOK = 0.2  # seconds between two looks at the processes


def smoke(setting: Setting) -> list[Figure]:
    """The smoke sweep into an empty folder, and the same command again."""
    peak = Peak()
    first, again = once(lambda: _smoke(setting, peak)), once(lambda: _smoke(setting, peak))
    memory, said = (peak.bytes / 1e9, "of the largest process of the smoke sweep") if peak.bytes else (None, "needs /proc")
    return [
        Figure("smoke sweep", first.wall, "s", Bound(60), "base, v2 and v3 from an empty folder"),
        Figure("smoke sweep again", again.wall, "s", Bound(20), "the same command, everything reused"),
        Figure("smoke sweep reused", first.wall / again.wall, "x", note="the first time against the second"),
        Figure("peak memory", memory, "GB", Bound(3), said),
    ]


def ablation(setting: Setting) -> list[Figure]:
    """The newest `make ablation` in outputs/ that trained everything itself."""
    sweeps = sorted((OUT / "sweeps" / "v2_v3").glob("*/sweep.json"), reverse=True)
    for path in sweeps:
        if (took := _duration(path)) is not None:
            return [Figure("make ablation", took / 60, "min", Bound(6), f"read from the sweep of {path.parent.name}")]
    return [Figure("make ablation", None, "min", Bound(6), "not run here")]


class Peak:
    """The largest resident memory, in bytes, that a process of a session reached; 0 where there is no /proc."""

    def __init__(self) -> None:
        self.bytes = 0

    def watch(self, session: int, over: threading.Event) -> None:
        """Look at all processes of `session` again and again until it is `over`."""
        while not over.wait(LOOK):
            self.bytes = max([self.bytes, *_resident(session)])


def _smoke(setting: Setting, peak: Peak) -> None:
    command = [*SMOKE, *(TINY if setting.quick else ()), f"out={setting.scratch / 'smoke'}"]
    log, over = setting.scratch / "smoke.log", threading.Event()
    with log.open("w") as file:
        place: dict[str, Any] = {"cwd": setting.scratch, "env": os.environ | {"WANDB_MODE": "offline"}, "start_new_session": True}
        made = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, **place)
        watcher = threading.Thread(target=peak.watch, args=(made.pid, over), daemon=True)
        watcher.start()
        try:
            code = made.wait()
        finally:
            over.set()
            made.terminate()  # does nothing to one that has ended; Ctrl-C does not reach its session
        watcher.join()
    if code:
        raise GemmaAudioError(f"the smoke sweep ended with {code}: {log.read_text()[-1000:]}")


def _resident(session: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                status = (folder / "status").read_text()
                yield int(status.split("VmHWM:")[1].split()[0]) * 1024


def _duration(path: Path) -> float | None:
    """Seconds from the start of a sweep to the end of its last cell; None unless it is whole and reused no stage."""
    with suppress(OSError, ValueError, KeyError):
        sweep = json.loads(path.read_text())
        folders = [path.parent / cell["folder"] for cell in sweep["cells"]]
        statuses = [read_status(folder) for folder in folders]
        stages = [stage for folder in folders for stage in json.loads((folder / "result.json").read_text())["stages"]]
        if sweep["command"] == ABLATION and _made(statuses, stages):
            began = datetime.strptime(sweep["stamp"][:19], "%Y-%m-%d_%H-%M-%S").astimezone()
            return max((datetime.fromisoformat(status["ended"]) - began).total_seconds() for status in statuses)
    return None


def _made(statuses: list[dict[str, Any]], stages: list[dict[str, Any]]) -> bool:
    finished = all(status["state"] == "finished" for status in statuses)
    return finished and bool(stages) and all(stage["action"] == "trained" for stage in stages)
