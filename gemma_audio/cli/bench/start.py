"""How soon something happens: help, a Tab completion, a cell's process."""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import get_context

from gemma_audio.cli.bench.clock import Time, paired, repeated
from gemma_audio.cli.bench.figure import Bound, Figure, seconds
from gemma_audio.cli.bench.setting import Setting
from gemma_audio.errors import GemmaAudioError

COMMAND = (sys.executable, "-m", "gemma_audio")
READY = "from gemma_audio.cli.bench.start import ready; ready()"
TYPED = "gemma-audio recipe=v"


def help_text(setting: Setting) -> list[Figure]:
    """`gemma-audio --help`, in a process of its own."""
    return [_answered("gemma-audio --help", repeated(lambda: _run(*COMMAND, "--help"), setting.size(5)), 1.0)]


def completion(setting: Setting) -> list[Figure]:
    """What bash asks for when Tab is pressed after `gemma-audio recipe=v`."""
    line = {"COMP_LINE": TYPED, "COMP_POINT": str(len(TYPED))}
    took = repeated(lambda: _run(*COMMAND, "-sc", "query=bash", **line), setting.size(5))
    return [_answered("Tab completion", took, 0.6)]


def fork_server(setting: Setting) -> list[Figure]:
    """A process that has the heavy libraries: a child of the fork server, or a fresh one that imports them."""
    pair = paired(_forked, _fresh, setting.size(3), wall=True)
    return [pair.figure("cell's process", "a child of the fork server, or a fresh process that imports the same", "on the wall")]


def ready() -> None:
    """End this process with the number of libraries and rooms that it has in memory."""
    from gemma_audio.sweep.preload import LIBRARIES, ROOMS

    sys.exit(sum(name in sys.modules for name in (*LIBRARIES, *ROOMS)))


def _forked() -> int:
    child = get_context("forkserver").Process(target=ready)
    child.start()
    child.join()
    return child.exitcode or 0


def _fresh() -> int:
    return subprocess.run([sys.executable, "-c", READY], capture_output=True, check=False).returncode


def _run(*command: str, **environment: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    if done.returncode or not done.stdout.strip():
        raise GemmaAudioError(f"{' '.join(command[1:])} ended with {done.returncode} and says: {done.stderr.strip()[-500:]}")


def _answered(name: str, took: Time, most: float) -> Figure:
    return Figure(name, took.wall, "s", Bound(most), f"CPU {seconds(took.cpu)}")
