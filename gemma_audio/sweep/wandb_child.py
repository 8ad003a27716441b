"""The process that writes a comparison to Weights & Biases: whatever happens in it, the sweep has ended well before."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from shlex import quote

from gemma_audio.config.kinds import Reuse, TrackerKind
from gemma_audio.config.schema import Tracker as Settings
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.provenance import command
from gemma_audio.sweep.redact import redact_text
from gemma_audio.sweep.wandb_comparison import Comparison, comparison_id
from gemma_audio.sweep.wandb_run import FINISH, TIMEOUT, UPLOAD
from gemma_audio.sweep.weights_and_biases import group_of

GRACE = 60  # seconds to start and to write, beside what the service may take


def is_mirrored(cells: Sequence[Cell]) -> bool:
    """Whether a W&B tracker is configured."""
    return bool(_settings(cells))


def mirror_comparison(
    cells: Sequence[Cell], work: Sequence[str], folder: Path, argv: Sequence[str], say: Callable[[str], None]
) -> None:
    """Write the comparison of a sweep's report for each W&B tracker, unless the same was written before; raises nothing of it.

    `work` names what every cell computes. What goes wrong is one line to `say`.
    """
    for comparison in _comparisons(cells, work, folder):
        try:
            problem = "" if comparison.known() else _written(comparison, argv)
        except (OSError, ValueError, RuntimeError) as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            say(f"W&B is off for the comparison: {redact_text(problem)[:200]}")


def sync_line(folder: str) -> str:
    """What to type to upload a command's offline runs, or nothing where there are none; `folder` as it is to be typed."""
    return f"wandb sync {quote(f'{folder}/wandb')}" if any(Path(folder).glob("wandb/offline-run-*")) else ""


def _comparisons(cells: Sequence[Cell], work: Sequence[str], folder: Path) -> list[Comparison]:
    first = cells[0]
    declared = first.config.sweep
    arms = [declared.baseline, declared.treatment] if declared else []
    once = folder.name if first.config.reuse is Reuse.never else ""  # as for the cells, every such command is new
    run_id = comparison_id(folder.parent.name, arms, [*work, once])
    mirror = Mirror(group_of(folder), run_id, folder)
    return [Comparison(settings, mirror, first.store) for settings in _settings(cells)]


def _settings(cells: Sequence[Cell]) -> list[Settings]:
    return [tracker for tracker in cells[0].config.tracker.values() if tracker.kind is TrackerKind.wandb]


def _written(comparison: Comparison, argv: Sequence[str]) -> str:
    """Write it in a process of its own; returns what went wrong."""
    receiver, sender = get_context("forkserver").Pipe(duplex=False)
    words = (comparison, tuple(command(argv)), sender)
    process = get_context("forkserver").Process(target=_main, args=words, name="comparison", daemon=True)
    process.start()
    sender.close()
    try:
        process.join(GRACE + TIMEOUT + (UPLOAD if comparison.settings.artifacts else FINISH))
        if process.exitcode == 0:
            return ""
        told = receiver.recv() if receiver.poll() else ""
        return str(told) or ("it took too long" if process.is_alive() else f"its process ended with exit code {process.exitcode}")
    except KeyboardInterrupt:
        return "interrupted; the sweep itself is done"
    except EOFError:
        return f"its process ended with exit code {process.exitcode}"
    finally:
        process.kill()
        process.join()
        receiver.close()


def _main(comparison: Comparison, argv: tuple[str, ...], pipe: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.argv = list(argv)  # wandb stores it: only without secrets
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    try:
        comparison.write()
    except (Exception, SystemExit) as error:  # wandb raises both, of many kinds
        pipe.send(f"{type(error).__name__}: {error}")
        sys.exit(1)
