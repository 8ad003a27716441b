"""Nothing but listening helps: text alone, or level and length alone, stay at chance on every task that does not say it leaks."""

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from gemma_audio.world.clip import Clip, make
from gemma_audio.world.families import FAMILIES, draw
from gemma_audio.world.tasks import TASKS, ask
from gemma_audio.world.tasks.task import Question, Task

TRAIN, TEST = 500, 500
WORDS = ("word", "fact")  # answered syllable by syllable
LEVEL = 0.999
"""Two-sided binomial interval within which accuracy counts as chance; 24 tasks and two probes, so wider than 95 %."""


def at_chance(right: int, questions: list[Question]) -> bool:
    chance = float(np.mean([1 / len(q.choices) for q in questions]))
    low, high = binom.interval(LEVEL, len(questions), chance)
    return bool(low <= right <= high)


def likeness(q: Question, i: int) -> list[float]:
    """How many words choice `i` shares with the others in the same place: distractors made from the gold would give it away."""
    shared = [sum(a == b for a, b in zip(q.choices[i].split(), c.split(), strict=False)) for c in q.choices if c != q.choices[i]]
    return [float(sum(shared)), float(max(shared))]


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_text_alone_is_at_chance(task: Task) -> None:
    rng = np.random.default_rng(5)
    questions = [ask(rng, task, draw(rng, task.family), unseen_wording=False) for _ in range(1500)]
    words = sorted({word for q in questions for choice in q.choices for word in choice.split()} | {"first", "second", "third"})

    def features(q: Question, i: int) -> list[float]:
        bag = [float(w in q.choices[i].split()) for w in words]
        return [*bag, *(float(i == k) for k in range(4)), float(len(q.choices[i])), *likeness(q, i)]

    train, test = questions[:1200], questions[1200:]
    rows = [(features(q, i), i == q.gold) for q in train for i in range(len(q.choices))]
    model = LogisticRegression(max_iter=500).fit([x for x, _ in rows], [y for _, y in rows])
    right = 0
    for q in test:
        score = model.predict_proba([features(q, i) for i in range(len(q.choices))])[:, 1]
        right += int(np.argmax(score)) == q.gold
    assert at_chance(right, test), f"{task.name}: text alone answers {right} of {len(test)}"


def loudness(clip: Clip) -> list[float]:
    """Level, peak, crest, sounding share and length: what is known without listening."""
    x = clip.pcm / 32768
    envelope = np.sqrt(np.convolve(x**2, np.ones(400) / 400, "same"))
    rms, peak = np.sqrt(np.mean(x**2)), np.abs(x).max()
    return [rms, peak, peak / rms, float((envelope > 0.1 * envelope.max()).mean()), len(x)]


def answered_by_loudness(task: Task, clips: list[Clip], features: np.ndarray) -> tuple[int, list[Question]]:
    """How many of the held-out questions gradient boosting on level and length answers."""
    rng = np.random.default_rng(6)
    questions = [ask(rng, task, clip.attributes, unseen_wording=False) for clip in clips]
    details = sorted({q.detail for q in questions})
    asked = np.array([[q.detail == detail for detail in details] for q in questions], float)
    answers = [q.choices[q.gold] for q in questions]
    parts = list(zip(*[a.split() for a in answers], strict=True)) if task.name in WORDS else [tuple(answers)]
    x = np.hstack([features, asked])
    scores: list[dict[str, np.ndarray]] = []
    for part in parts:
        model = HistGradientBoostingClassifier(max_iter=40, max_depth=3, random_state=0).fit(x[:TRAIN], part[:TRAIN])
        probability = model.predict_proba(x[TRAIN:])
        scores.append({str(c): probability[:, k] for k, c in enumerate(model.classes_)})
    right = 0
    for n, q in enumerate(questions[TRAIN:]):
        pieces = [c.split() if task.name in WORDS else [c] for c in q.choices]
        total = [sum(np.log(s[p][n] + 1e-9) if p in s else -20 for s, p in zip(scores, ps, strict=True)) for ps in pieces]
        right += int(np.argmax(total)) == q.gold
    return right, questions[TRAIN:]


@pytest.mark.parametrize("family", FAMILIES)
def test_level_and_length_alone_are_at_chance_unless_the_task_says_it_leaks(family: str) -> None:
    clips = [make(9, family, "train", i) for i in range(TRAIN + TEST)]
    features = np.array([loudness(clip) for clip in clips])
    for task in (task for task in TASKS if task.family == family):
        right, questions = answered_by_loudness(task, clips, features)
        share = right / len(questions)
        print(f"{task.name}: level and length alone answer {share:.3f}")
        assert at_chance(right, questions) is not task.leaks, f"{task.name} (leaks={task.leaks}): {share:.3f} of {len(questions)}"
