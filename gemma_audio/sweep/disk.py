"""Whether the disk holds what a command would write: weights that stay, checkpoints that come and go, data products."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gemma_audio.config.schema import Model, Stage
from gemma_audio.data.supply import data_bytes
from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.models.size import size
from gemma_audio.sweep.computed import NO_CODE, light
from gemma_audio.sweep.engine import side_by_side
from gemma_audio.sweep.fingerprint import Identity
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.rooms import Rooms
from gemma_audio.sweep.stages import Links
from gemma_audio.sweep.store import Store

WEIGHT = 4  # bytes of a trained parameter: float32
STATE = 12  # the same with AdamW's two moments
CHECKPOINTS = 3  # two are kept while the next is written
PROBED = 3  # a probe keeps two candidates while the next is written
GB = 1e9


@dataclass(frozen=True)
class Need:
    """Bytes to be written: `weights` and `data` stay, `checkpoints` are the most that lie there at one time."""

    weights: int
    checkpoints: int
    data: int

    @property
    def total(self) -> int:
        return self.weights + self.checkpoints + self.data


def free_bytes(folder: Path) -> int:
    """Free space of the file system that holds `folder`, or that would."""
    place = folder.expanduser().absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def problems(cells: Sequence[Cell], rooms: Rooms, free: Callable[[Path], int] = free_bytes) -> list[Problem]:
    """The disk that is too small for `cells`; what the store already holds needs no space.

    Nothing is said where a config is too broken to tell.
    """
    try:
        return _problems(cells, rooms, free(Path(cells[0].config.out)))
    except (GemmaAudioError, OSError, ValueError, TypeError, re.error):
        return []


def _problems(cells: Sequence[Cell], rooms: Rooms, free: int) -> list[Problem]:
    if estimate(cells, light(rooms), stored=False).total <= free:  # the common case: no need to look into the store
        return []
    need = estimate(cells, rooms, stored=True)
    return [too_small(need, free, cells)] if need.total > free else []


def too_small(need: Need, free: int, cells: Sequence[Cell]) -> Problem:
    """The problem in figures: what would be written, what is free."""
    named = {"weights": need.weights, "checkpoints": need.checkpoints, "data": need.data}
    parts = ", ".join(f"{what} {size / GB:.1f}" for what, size in named.items())
    message = f"about {need.total / GB:.1f} GB would be written ({parts}), but {free / GB:.1f} GB are free on its disk"
    fewer = "" if side_by_side(cells[0].config, len(cells)) == 1 else ", or fewer cells at a time: engine.parallel=1"
    return Problem("out", message, f"Choose a folder on a larger disk: out=FOLDER{fewer}")


def estimate(cells: Sequence[Cell], rooms: Rooms, *, stored: bool) -> Need:
    """What `cells` would write, each piece of work once; with `stored` less what the store holds."""
    code = rooms.code(cells[0].config.plugins) if stored else NO_CODE
    trained: dict[str, int] = {}
    data: dict[str, int] = {}
    for cell in cells:
        links = Links(cell.config, rooms, code)
        store = Store(cell.store, cell.config.reuse, time.time()) if stored else None
        for identity, stage in _stages(links, store):
            trained[identity.name] = _parameters(cell.config.model, stage)
        made = [(i, of) for i, of in links.products() if not (store and store.find(i))]
        data |= {identity.name: data_bytes(of) for identity, of in made}
    most = sorted(trained.values(), reverse=True)[: side_by_side(cells[0].config, len(cells))]
    probed = cells[0].config.probe is not None  # the best weights stay beside the last ones
    passing = CHECKPOINTS * STATE + (PROBED * WEIGHT if probed else 0)
    return Need(WEIGHT * (1 + probed) * sum(trained.values()), passing * sum(most), sum(data.values()))


def _stages(links: Links, store: Store | None) -> Iterator[tuple[Identity, Stage]]:
    """Stages that are to be trained."""
    parent = links.base()
    for stage in links.config.recipe.stages.values():
        identity = links.stage(stage, parent)
        found = store.find(identity) if store else None
        if not found:
            yield identity, stage
        parent = found.ref if found else identity.ref


def _parameters(model: Model, stage: Stage) -> int:
    """What `stage` trains; 0 where the model's size is not known."""
    known = size(model)
    return known.trained(stage) if known else 0
