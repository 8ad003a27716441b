"""Splits that training never sees: combinations by a rule under which no attribute tells of another, and other voices."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from gemma_audio.world.clip import make
from gemma_audio.world.families import FAMILIES, draw, render
from gemma_audio.world.tasks import TASKS
from gemma_audio.world.tasks.task import Task
from gemma_audio.world.voice import SPEAKERS, draw_voice

DECIDED_BY = {
    "order": ("events",), "event": ("events",), "story": ("events",), "scene": ("scene",), "ambience": ("scene", "word"),
    "habitat": ("habitat",), "source": ("source", "word"), "tempo": ("tempo",), "contour": ("contour",),
    "instrument": ("instrument",), "tone": ("tempo", "register"), "harmony": ("interval",), "texture": ("texture",),
    "longest": ("longest",), "genre": ("genre",), "occasion": ("occasion",), "stress": ("stress", "word"),
    "emotion": ("emotion", "word"), "word": ("word",), "intent": ("word", "emotion"), "count": ("voices",),
    "role": ("voices", "asks"), "fact": ("says", "voices"), "flip": ("moods",),
}  # fmt: skip
"""Attributes that decide an answer, and words, of which there are too many to learn a prior by."""


def key(family: str, attributes: dict[str, str]) -> tuple[int, ...]:
    return tuple(FAMILIES[family].combination(attributes))


@pytest.mark.parametrize("family", FAMILIES)
def test_unseen_combinations_are_held_by_no_other_split(family: str) -> None:
    seen = {
        key(family, make(s, family, split, i).attributes)
        for s, split in ((0, "train"), (1000, "train"), (0, "test"), (0, "test_voice"))
        for i in range(60)
    }
    unseen = {key(family, make(0, family, "test_combo", i).attributes) for i in range(60)}
    assert unseen
    assert not seen & unseen


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_no_attribute_that_is_not_asked_for_tells_the_answer(task: Task) -> None:
    """Guessing the answer from one attribute that does not decide it gains at most a few points over the prior (6,000 draws)."""
    rng = np.random.default_rng(17)
    rows = [(draw(rng, task.family), "") for _ in range(6000)]
    details = [task.asking.details(attributes)[0] for attributes, _ in rows]
    answers = [task.asking.answers(attributes, detail)[0] for (attributes, _), detail in zip(rows, details, strict=True)]
    prior = max(Counter(answers).values()) / len(answers)
    for name in rows[0][0]:
        if name in DECIDED_BY[task.name]:
            continue
        told: dict[str, Counter[str]] = defaultdict(Counter)
        for (attributes, _), answer in zip(rows, answers, strict=True):
            told[attributes[name][:2] if name == "says" else attributes[name]][answer] += 1
        guessed = sum(max(counts.values()) for counts in told.values()) / len(answers)
        assert guessed - prior < 0.05, (task.name, name, prior, guessed)


def test_unseen_voices_lie_outside_of_the_seen_ones() -> None:
    rng = np.random.default_rng(18)
    for kind in SPEAKERS:
        seen = [draw_voice(rng, kind) for _ in range(300)]
        unseen = [draw_voice(rng, kind, unseen=True) for _ in range(300)]
        largest, smallest = max(v.tract for v in seen), min(v.tract for v in seen)
        assert all(v.tract > largest or v.tract < smallest for v in unseen)


@pytest.mark.parametrize("family", FAMILIES)
def test_unseen_voice_changes_what_is_heard_and_nothing_that_is_asked(family: str) -> None:
    attributes = draw(np.random.default_rng(4), family)
    seen, unseen = (render(np.random.default_rng(5), family, attributes, 1.8, unseen=flag) for flag in (False, True))
    assert len(seen) == len(unseen)
    assert np.isfinite(unseen).all()
    assert np.abs(seen - unseen).max() > 0.05 * np.abs(seen).max()
