"""controls.csv of one cell: the same questions asked in other ways, or without what makes them answerable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gemma_audio.analysis.arm import Floats
from gemma_audio.report.scores import CORRECT, DamagedFile, read_text

COLUMNS = ["condition", "id", *CORRECT]
ORDER, WORDING = "order-", "wording-"
MEANING = {
    "silenced": "with the clips silenced",
    "swapped": "with another question's clip",
    "no_question": "with the choices but no question",
}


def read_controls(path: Path, ids: pd.Series[str]) -> pd.DataFrame:
    """One row per (condition, item) with the columns condition, id and `correct_*` as 0/1 int; each condition holds all of `ids`.

    DamagedFile on an unreadable file, a missing column, another value than 0 and 1, or a condition with other items than `ids`.
    """
    rows = read_text(path, COLUMNS)
    for column in CORRECT:
        if not rows[column].isin(["0", "1"]).all():
            raise DamagedFile(f"{path.name}: {column} holds something else than 0 and 1")
    _check_items(rows, ids, path.name)
    return rows[COLUMNS].astype(dict.fromkeys(CORRECT, int))


def _check_items(rows: pd.DataFrame, ids: pd.Series[str], name: str) -> None:
    wanted = sorted(ids)
    for condition, found in rows.groupby("condition", sort=False)["id"]:
        if sorted(found) != wanted:
            count = f"{len(found)} rows, {len(ids)} items"
            raise DamagedFile(f"{name}: the items of {condition!r} are not those of scores.csv ({count})")


def by_run(controls: pd.DataFrame) -> dict[tuple[str, str], dict[str, Floats]]:
    """Per (arm, run) and condition the official verdicts (items,), in the order of the items' ids."""
    found: dict[tuple[str, str], dict[str, Floats]] = {}
    for (arm, run, condition), rows in controls.groupby(["arm", "run", "condition"], sort=False):
        order = np.argsort(rows["id"].to_numpy(dtype=object), kind="stable")
        scores = rows["correct_official"].to_numpy(dtype=np.float64)[order]
        found.setdefault((str(arm), str(run)), {})[str(condition)] = scores
    return found
