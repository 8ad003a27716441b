"""Files of predictions as a sweep: each system is an arm, each of its files one run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from gemma_audio.evaluation.answer_key import AnswerKey
from gemma_audio.evaluation.remarks import remarks
from gemma_audio.evaluation.scorecard import Entry, Scorecard
from gemma_audio.report.cell import Cell
from gemma_audio.report.collect import Run, Sweep
from gemma_audio.report.scores import COLUMNS, OPTIONAL

NAME = "predictions"
METHODS = {False: "generate", True: "letter"}
"""The method that an answer amounts to, by whether it is an option."""


def sweep_of(
    arms: Mapping[str, Sequence[Scorecard]], primary: tuple[str, str], out: Path, audio: Path | None = None, **spec: Any
) -> Sweep:
    """The sweep that these scorecards, all of one key, would have come from; `primary` is (treatment, baseline).

    Files of one arm count as training runs of one recipe, and byte-equal ones among them as one run, which is noted. `audio`
    is the folder with the benchmark's sounds, if there is one; `spec` goes into the sweep's own (command, stamp, versions).
    """
    distinct = {(arm, card.file.sha256): card for arm, cards in arms.items() for card in cards}
    cells = [_cell(arm, number, card) for arm, cards in arms.items() for number, card in enumerate(cards)]
    runs = [_run(arm, card, cells, audio) for (arm, _), card in distinct.items()]
    rows = [_row(arm, card, entry) for (arm, _), card in distinct.items() for entry in card.entries]
    declared: dict[str, Any] = {
        "name": NAME,
        "treatment": primary[0],
        "baseline": primary[1],
        "arms": list(arms),
        "decision": None,
    }
    declared["cells"] = [{"name": cell.name, "arm": cell.arm, "seed": cell.seed, "folder": ""} for cell in cells]
    frame = pd.DataFrame(rows, columns=["arm", "run", *COLUMNS, *OPTIONAL])
    return Sweep(out, {**declared, **spec}, cells, runs, frame, list(_notes(arms)))


def _cell(arm: str, number: int, card: Scorecard) -> Cell:
    return Cell(f"{arm}: {card.file.path.name}", arm, number, "finished")


def _run(arm: str, card: Scorecard, cells: Sequence[Cell], audio: Path | None) -> Run:
    names = tuple(cell.name for cell in cells if cell.arm == arm and cell.name.endswith(f": {card.file.path.name}"))
    sounds = {"kind": "folder", "folder": str(audio)} if audio else None
    return Run(arm, card.file.sha256[:12], names, trained=True, benchmark=_benchmark(card), sounds=sounds)


def _benchmark(card: Scorecard) -> dict[str, Any]:
    key: AnswerKey = card.key
    rejected = [asdict(row) for row in key.rejected]
    return {"name": key.name, "sha256": key.sha256, "revision": key.revision, "n": len(key.items), "rejected": rejected}


def _row(arm: str, card: Scorecard, entry: Entry) -> dict[str, Any]:
    item, read = entry.item, entry.readings
    order = json.dumps(list(range(len(item.choices))))
    return {
        "arm": arm, "run": card.file.sha256[:12], "id": item.id, "task": item.task, "category": item.category,
        "subcategory": item.subcategory, "difficulty": item.difficulty, "dataset": item.dataset, "question": item.question,
        "choices": item.choices, "answer": item.answer, "method": METHODS[entry.picked], "order": order,
        "text": entry.text, "chosen": "" if read.chosen is None else str(read.chosen), "logprobs": "",
        "correct_official": int(read.official), "correct_strict": int(read.strict), "failure": entry.failure, "audio": item.audio,
    }  # fmt: skip


def _notes(arms: Mapping[str, Sequence[Scorecard]]) -> Iterable[str]:
    """What was remarked of each file, and files that are copies of others."""
    owners: dict[str, str] = {}
    for arm, cards in arms.items():
        for card in cards:
            name = f"{arm} ({card.file.path.name})"
            if card.file.sha256 in owners:
                yield f"{name} is byte by byte the same file as {owners[card.file.sha256]}"
            owners.setdefault(card.file.sha256, name)
            yield from (f"{arm}: {line}" for line in remarks(card))
    yield from next((cards[0].key.warnings for cards in arms.values() if cards), [])
