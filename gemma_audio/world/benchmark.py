"""The embedded benchmark: MMAU's annotation schema over the world's ten subcategories, one clip per question."""

from __future__ import annotations

from typing import Any

from gemma_audio.world.clip import Clip, make
from gemma_audio.world.signal import generator
from gemma_audio.world.tasks import Task, ask


def question_clip(seed: int, task: Task, split: str, index: int) -> tuple[Clip, dict[str, Any]]:
    """Clip and annotation of question number `index` of `task`; wordings are ones that training never shows.

    The gold position rotates with `index`, so that every position is right equally often.
    """
    clip = make(seed, task.name, split, index)
    rng = generator(seed, "benchmark", task.name, split, index=index)
    question = ask(rng, task, clip.attributes, unseen_wording=True, gold=index)
    return clip, {
        "id": clip.id, "audio_id": clip.id, "question": question.text, "choices": list(question.choices),
        "answer": question.choices[question.gold], "dataset": f"embedded-{clip.family}", "task": task.domain, "split": split,
        "category": task.category, "sub-category": task.subcategory, "difficulty": clip.difficulty,
    }  # fmt: skip
