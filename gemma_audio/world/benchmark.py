"""The embedded benchmark: MMAU's annotation schema over the world's subcategories, one clip per question."""

from __future__ import annotations

from typing import Any

from gemma_audio.world.clip import Clip, make
from gemma_audio.world.signal import generator
from gemma_audio.world.tasks import ask
from gemma_audio.world.tasks.task import Question, Task


def question_clip(seed: int, task: Task, split: str, index: int) -> tuple[Clip, Question]:
    """Clip and question number `index` of `task`; wordings are ones that training never shows.

    The gold position rotates with `index`, so that every position is right equally often.
    """
    clip = make(seed, task.name, split, index)
    rng = generator(seed, "benchmark", task.name, split, index=index)
    return clip, ask(rng, task, clip.attributes, unseen_wording=True, gold=index)


def annotation(task: Task, split: str, clip: Clip, question: Question) -> dict[str, Any]:
    """The row of MMAU's annotation file for a question about a clip."""
    return {
        "id": clip.id, "audio_id": clip.id, "question": question.text, "choices": list(question.choices),
        "answer": question.choices[question.gold], "dataset": f"embedded-{clip.family}", "task": task.domain, "split": split,
        "category": task.category, "sub-category": task.subcategory, "difficulty": clip.difficulty,
    }  # fmt: skip
