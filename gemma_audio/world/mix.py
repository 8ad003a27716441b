"""The training mix: which clips are made, and the captions and questions about them, in the published corpora's roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gemma_audio.world.captions import CAPTION_SOURCES, caption
from gemma_audio.world.families.family import Attributes
from gemma_audio.world.signal import generator
from gemma_audio.world.tasks import TASKS, ask

SHARES = tuple(task.family for task in TASKS)
"""Families of as many clips in a row as there are kinds of question: one share for each."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Described:
    """What the text about a clip needs to know of it."""

    id: str
    index: int
    family: str
    attributes: Attributes


def family_of(index: int) -> str:
    """Family of training clip number `index`."""
    return SHARES[index % len(SHARES)]


def caption_row(seed: int, clip: Described) -> Row:
    """The one caption of a training clip; its corpus alternates within the family."""
    sources = CAPTION_SOURCES[clip.family]
    source = sources[clip.index // len(SHARES) % len(sources)]
    text = caption(generator(seed, "caption", index=clip.index), source, clip.family, clip.attributes)
    return _row(clip, f"caption-{clip.index:05d}", source, "caption", "", (), text)


def question_rows(seed: int, clip: Described) -> list[Row]:
    """One question of every kind that the family allows; the gold position rotates from clip to clip."""
    rows = []
    for number, task in enumerate(task for task in TASKS if task.family == clip.family):
        rng = generator(seed, "question", task.name, index=clip.index)
        gold = clip.index // len(SHARES) + clip.index % len(SHARES) + number
        question = ask(rng, task, clip.attributes, unseen_wording=False, gold=gold)
        identifier = f"{task.name}-{clip.index:05d}"
        rows.append(_row(clip, identifier, task.source, "qa", question.text, question.choices, question.choices[question.gold]))
    return rows


def _row(clip: Described, identifier: str, source: str, kind: str, question: str, choices: tuple[str, ...], answer: str) -> Row:
    return {
        "id": identifier, "clip": clip.id, "source": source, "kind": kind, "question": question,
        "choices": list(choices), "answer": answer, "attributes": {"family": clip.family, **clip.attributes},
    }  # fmt: skip
