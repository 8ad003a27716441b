"""The questions of the embedded world: 24 of MMAU's 27 subcategories under MMAU's names, 23 of them in the benchmark."""

from __future__ import annotations

from gemma_audio.world.families.family import Attributes, pick
from gemma_audio.world.signal import Rng
from gemma_audio.world.tasks.pieces import PIECES
from gemma_audio.world.tasks.sounds import SOUNDS
from gemma_audio.world.tasks.task import Question, Task
from gemma_audio.world.tasks.voices import VOICES

TASKS: tuple[Task, ...] = (*SOUNDS, *PIECES, *VOICES)
TESTED = tuple(task for task in TASKS if task.tested)
BY_NAME = {task.name: task for task in TASKS}


def ask(rng: Rng, task: Task, attributes: Attributes, *, unseen_wording: bool, gold: int | None = None) -> Question:
    """A question of `task` about a clip with `attributes`.

    The gold position is `gold` modulo the number of choices, or drawn uniformly.
    """
    wordings = task.test_wordings if unseen_wording else task.train_wordings
    text = pick(rng, wordings)
    detail = pick(rng, task.asking.details(attributes))
    answer = pick(rng, task.asking.answers(attributes, detail))
    wrong = tuple(task.asking.wrong(rng, attributes, detail, answer))
    place = int(rng.integers(len(wrong) + 1)) if gold is None else gold % (len(wrong) + 1)
    return Question(text.format(detail=detail), (*wrong[:place], answer, *wrong[place:]), place, detail)
