"""One cell from start to result.json; every engine calls `run_cell`."""

from __future__ import annotations

import json
import logging
import random
import shutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gemma_audio.config.schema import Config
from gemma_audio.sweep.ledger import Cell, error_of, write_status
from gemma_audio.sweep.redact import redact_text
from gemma_audio.sweep.seal import write_json
from gemma_audio.sweep.stages import Links, Walked, Watch, walk
from gemma_audio.sweep.store import Store
from gemma_audio.sweep.summary import summary
from gemma_audio.sweep.tracker import Trackers

log = logging.getLogger(__name__)

OpenTrackers = Callable[[Cell, Callable[[str], None]], Trackers]


def run_cell(cell: Cell, *, links: Links, store: Store, watch: Watch, trackers: OpenTrackers) -> dict[str, Any]:
    """Run one cell in its folder and return the content of its result.json.

    Whatever goes wrong is in run.log with its traceback and in status.json, trackers are closed with an exit code, and the
    exception is raised again with its frames cleared, so that it keeps no model in memory.
    """
    write_status(cell.folder, "running")
    for name in ("scores.csv", "controls.csv"):
        (cell.folder / name).unlink(missing_ok=True)
    opened = Trackers([])
    try:
        _seed(cell.seed)
        opened = trackers(cell, log.warning)
        watch = replace(watch, began=partial(_began, cell, watch), log=opened.log, sealed=opened.sealed)
        walked = walk(links, store, watch)
        result = _finish(cell, walked)
    except BaseException as error:
        log.error("%s failed\n%s", cell.name, redact_text("".join(traceback.format_exception(error))))
        write_status(cell.folder, "failed", error_of(error))
        opened.close(None, exit_code=1)
        traceback.clear_frames(error.__traceback__)
        raise
    opened.close(summary(result, cell.folder / "scores.csv"), exit_code=0)
    write_status(cell.folder, "finished")
    return result


def _began(cell: Cell, watch: Watch, name: str, action: str) -> None:
    write_status(cell.folder, "running", work=name)
    watch.began(name, action)


def _finish(cell: Cell, walked: Walked) -> dict[str, Any]:
    assert walked.evaluation is not None
    folder = walked.evaluation.path
    found = json.loads((folder / "summary.json").read_text())
    result = {
        "schema": 1,
        "name": cell.name,
        "arm": cell.arm,
        "seed": cell.seed,
        "run": walked.run,
        "evaluation": walked.evaluation.ref.fingerprint,
        "stages": walked.stages,
        "benchmark": found["benchmark"],
        "accuracy": found["accuracy"],
        "controls": found.get("controls") or {},
        "sounds": _sounds(cell.config, walked),
    }
    for name in ("scores.csv", "controls.csv"):
        if (folder / name).exists():
            _copy(folder / name, cell.folder / name)
    write_json(cell.folder / "result.json", result)
    return result


def _sounds(config: Config, walked: Walked) -> dict[str, str] | None:
    """Where the benchmark's sounds lie, for whoever wants to listen; None where that is not known."""
    if walked.world is not None:
        return {"kind": "corpus", "folder": str(walked.world.resolve())}
    folder = config.evaluation.audio_dir or (config.evaluation.file and Path(config.evaluation.file).parent)
    return {"kind": "folder", "folder": str(Path(folder).expanduser().resolve())} if folder else None


def _copy(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}")
    shutil.copyfile(source, temporary)
    temporary.replace(target)


def _seed(seed: int) -> None:
    """Seed the global generators; stages and batches seed their own, so this only covers what forgets to."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
