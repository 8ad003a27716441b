"""Which questions of the embedded world can be learnt from their sound: a probe per attribute on the small base's frozen tower.

`python -m gemma_audio.cli.learnable experiments/learnable/results` writes probes.json and probes.md: per subcategory what the
probe answers, what the base answers, and chance.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gemma_audio.config.compose import load_config
from gemma_audio.data.encoder import Encoder
from gemma_audio.models.load import load
from gemma_audio.training.probe import Probe
from gemma_audio.world import VERSION, tiny
from gemma_audio.world.benchmark import question_clip
from gemma_audio.world.clip import make
from gemma_audio.world.mix import family_of
from gemma_audio.world.tasks import TESTED
from gemma_audio.world.tasks.task import Task

SEED = 4242
"""World seed of the probe's own clips: neither pretraining nor the benchmark holds them."""

CLIPS, QUESTIONS = 6000, 96


def learnable(clips: int = CLIPS, questions: int = QUESTIONS) -> dict[str, Any]:
    """Train the probe on `clips` clips and let it answer `questions` questions of every kind."""
    torch.set_num_threads(1)  # other numbers of threads end in other bits
    model, processor = load(load_config("model=tiny").model, ())
    probe = Probe(model, Encoder(processor), [make(SEED, family_of(i), "train", i) for i in range(clips)], seed=0)
    base = json.loads(tiny.CARD.read_text())["accuracy"]["subcategories"]
    rows = {
        task.subcategory: {**_answered(probe, task, questions), "base": base[task.subcategory]["official"]} for task in TESTED
    }
    return {
        "schema": 1, "world_version": VERSION, "weights_sha256": tiny.weights_sha256(), "world_seed": SEED,
        "training_clips": clips, "questions": questions, "subcategories": rows,
    }  # fmt: skip


def _answered(probe: Probe, task: Task, questions: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    asked = [question_clip(SEED, task, "test", index) for index in range(questions)]
    right = sum(probe.answer(task, clip, question, rng) == question.gold for clip, question in asked)
    chance = float(np.mean([1 / len(question.choices) for _, question in asked]))
    return {"task": task.name, "domain": task.domain, "probe": right / questions, "chance": chance}


def table(found: dict[str, Any]) -> str:
    """The result as a Markdown table, in %."""
    lines = ["| subcategory | chance | base | probe |", "|---|---|---|---|"]
    for name, row in found["subcategories"].items():
        lines.append(f"| {name} | {100 * row['chance']:.0f} | {100 * row['base']:.0f} | {100 * row['probe']:.0f} |")
    return "\n".join(lines) + "\n"


def main(folder: Path) -> dict[str, Any]:
    """Write the result into `folder`, print and return it."""
    found = learnable()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "probes.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "probes.md").write_text(table(found))
    print(table(found), end="")
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
