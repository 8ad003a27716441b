"""The whole calibration: every setting simulated, the results as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gemma_audio.cli.calibration import null
from gemma_audio.cli.calibration.answers import World, mmau_bins
from gemma_audio.cli.calibration.coverage import coverage
from gemma_audio.cli.calibration.figures import figures, markdown, table
from gemma_audio.cli.calibration.planted import CHANGES, SIZES, Plant, planted
from gemma_audio.cli.calibration.progress import Progress

DRAWS, SEED, ITEMS = 10_000, 0, 20
SETTINGS = {"quiet": null.QUIET, "grid": null.GRID, "others": null.OTHERS, "control": null.CONTROL}


def write_results(folder: Path, draws: int = DRAWS, seed: int = SEED) -> str:
    """Write results/calibration.json and .md into `folder`; return the table for its README."""
    found, results = simulated(draws, seed), folder / "results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "calibration.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (results / "calibration.md").write_text(markdown(found), encoding="utf-8")
    return table(found)


def simulated(draws: int = DRAWS, seed: int = SEED) -> dict[str, Any]:
    """Every setting with `draws` draws; each has its own stream of the seed."""
    codes = mmau_bins()
    sizes = np.bincount(codes).tolist()
    plants = [Plant(sizes.index(size), delta) for size in SIZES for delta in CHANGES]
    progress = Progress(draws * (sum(map(len, SETTINGS.values())) + len(plants)))
    streams = iter(np.random.SeedSequence(seed).generate_state(sum(map(len, SETTINGS.values())) + len(plants)).tolist())

    def claimed(worlds: Sequence[World], by_bin: bool) -> list[dict[str, Any]]:
        return [null.null(world, codes, draws, next(streams), progress, by_bin=by_bin) for world in worlds]

    found: dict[str, Any] = {"schema": 1, "seed": seed, "draws": draws, "bins": sizes}
    found |= {name: claimed(worlds, name != "control") for name, worlds in SETTINGS.items()}
    found["coverage"] = coverage(ITEMS)
    found["planted"] = [planted(plant, codes, draws, next(streams), progress) for plant in plants]
    return rounded(found | {"figures": figures(found)})


def rounded(value: Any) -> Any:
    """Six digits: shares of 10,000 draws have four, and no more is repeatable on another machine."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return round(value, 6) if isinstance(value, float) else value
