"""Writes the world's products: training clips with captions and questions, and the dev and test benchmarks.

Layout of the folder: `<split>.npy` (all samples of a split, int16, one after another), `<split>.jsonl` (id, start, length,
family, attributes, difficulty of each clip), `captions.jsonl`, `qa.jsonl`, and in MMAU's schema `benchmark_<split>.json`
for the splits dev, test, test_voice (unseen voices and timbres) and test_combo (unseen combinations of attributes).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from gemma_audio.config.schema import Data
from gemma_audio.world.benchmark import annotation, question_clip
from gemma_audio.world.clip import COMBINATION, VOICE, Clip, make
from gemma_audio.world.mix import Described, caption_row, family_of, question_rows
from gemma_audio.world.tasks import BY_NAME, TESTED

VERSION = 2
"""Raised with every change to what is heard or asked; it is the world's identity together with the config."""

CHUNK = 100
Job = tuple[int, str, str, int, int]


def identity(data: Data) -> dict[str, Any]:
    """What decides the world's products, apart from its code: generator version, seed and sizes; not bytes."""
    return {"world": VERSION, "seed": data.seed, "clips": data.clips, **splits(data)}


def splits(data: Data) -> dict[str, int]:
    """Questions per subcategory of each split of the benchmark."""
    shifted = data.shift_questions
    return {"dev": data.dev_questions, "test": data.test_questions, VOICE: shifted, COMBINATION: shifted}


def build(data: Data, into: Path, workers: int = 1) -> None:
    """Write all products of `data` into the folder `into`, with up to `workers` processes; the result does not depend on them."""
    into.mkdir(parents=True, exist_ok=True)
    training = [made[0] for made in _made(_jobs(data.seed, "", "train", data.clips), workers)]
    _write_clips(into, "train", training)
    described = [Described(clip.id, i, clip.family, clip.attributes) for i, clip in enumerate(training)]
    _write_rows(into / "captions.jsonl", (caption_row(data.seed, clip) for clip in described))
    _write_rows(into / "qa.jsonl", (row for clip in described for row in question_rows(data.seed, clip)))
    for split, count in splits(data).items():
        jobs = [job for task in TESTED for job in _jobs(data.seed, task.name, split, count)]
        made = _made(jobs, workers)
        _write_clips(into, split, [clip for clip, _ in made])
        rows = [row for _, row in made]
        (into / f"benchmark_{split}.json").write_text(json.dumps(rows, indent=1) + "\n")


def _jobs(seed: int, task: str, split: str, count: int) -> list[Job]:
    return [(seed, task, split, start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]


def _made(jobs: Sequence[Job], workers: int) -> list[tuple[Clip, dict[str, Any]]]:
    """Clips and annotations (empty for training clips) of all jobs, in order."""
    if workers <= 1 or len(jobs) <= 1:
        return [made for job in jobs for made in _run(job)]
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        return [made for chunk in pool.map(_run, jobs) for made in chunk]


def _run(job: Job) -> list[tuple[Clip, dict[str, Any]]]:
    seed, task, split, start, end = job
    if task:
        asked = [question_clip(seed, BY_NAME[task], split, index) for index in range(start, end)]
        return [(clip, annotation(BY_NAME[task], split, clip, question)) for clip, question in asked]
    return [(make(seed, family_of(index), split, index), {}) for index in range(start, end)]


def _write_clips(into: Path, split: str, clips: Sequence[Clip]) -> None:
    empty = np.zeros(0, np.int16)
    np.save(into / f"{split}.npy", np.concatenate([empty, *(clip.pcm for clip in clips)]), allow_pickle=False)
    rows, start = [], 0
    for clip in clips:
        rows.append(
            {"id": clip.id, "start": start, "length": len(clip.pcm), "family": clip.family,
             "attributes": clip.attributes, "difficulty": clip.difficulty}
        )  # fmt: skip
        start += len(clip.pcm)
    _write_rows(into / f"{split}.jsonl", rows)


def _write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
