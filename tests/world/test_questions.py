"""Questions: MMAU's names, golds that rotate, wordings kept for the test, distractors from the label's own set."""

import collections
import hashlib
import json

import numpy as np
import pytest

from gemma_audio.evaluation.score import official as officially_right
from gemma_audio.world import VERSION
from gemma_audio.world.benchmark import annotation, question_clip
from gemma_audio.world.captions import CAPTION_SOURCES, caption, full_caption
from gemma_audio.world.families import FAMILIES, draw
from gemma_audio.world.mix import Described, caption_row, family_of, question_rows
from gemma_audio.world.tasks import BY_NAME, TASKS, ask
from gemma_audio.world.tasks.task import Task

MMAU = {  # of the published annotation file: subcategory -> (task, category)
    "Temporal Event Reasoning": ("sound", "Reasoning"),
    "Sound-Based Event Recognition": ("sound", "Information Extraction"),
    "Event-Based Sound Reasoning": ("sound", "Reasoning"),
    "Acoustic Scene Reasoning": ("sound", "Reasoning"),
    "Ambient Sound Interpretation": ("sound", "Reasoning"),
    "Eco-Acoustic Knowledge": ("sound", "Information Extraction"),
    "Acoustic Source Inference": ("sound", "Reasoning"),
    "Rhythm and Tempo Understanding": ("music", "Information Extraction"),
    "Melodic Structure Interpretation": ("music", "Information Extraction"),
    "Instrumentation": ("music", "Information Extraction"),
    "Emotional Tone Interpretation": ("music", "Reasoning"),
    "Harmony and Chord Progressions": ("music", "Information Extraction"),
    "Musical Texture Interpretation": ("music", "Information Extraction"),
    "Temporal Reasoning": ("music", "Reasoning"),
    "Musical Genre Reasoning": ("music", "Reasoning"),
    "Socio-cultural Interpretation": ("music", "Reasoning"),
    "Phonemic Stress Pattern Analysis": ("speech", "Reasoning"),
    "Emotion State summarisation": ("speech", "Reasoning"),
    "Phonological Sequence Decoding": ("speech", "Information Extraction"),
    "Dissonant Emotion Interpretation": ("speech", "Reasoning"),
    "Counting": ("speech", "Reasoning"),
    "Multi Speaker Role Mapping": ("speech", "Reasoning"),
    "Conversational Fact Retrieval": ("speech", "Reasoning"),
    "Emotion Flip Detection": ("speech", "Reasoning"),
}


def test_subcategories_stand_where_mmau_puts_them() -> None:
    assert {t.subcategory: (t.domain, t.category) for t in TASKS} == MMAU
    assert {t.domain for t in TASKS} == {"sound", "music", "speech"}
    assert {t.family for t in TASKS} == set(FAMILIES)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_test_wordings_are_not_seen_in_training(task: Task) -> None:
    assert len(task.train_wordings) >= 4
    assert len(task.test_wordings) >= 2
    assert not set(task.train_wordings) & set(task.test_wordings)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_exactly_one_choice_is_right(task: Task) -> None:
    rng = np.random.default_rng(11)
    for i in range(200):
        attributes = draw(rng, task.family)
        question = ask(rng, task, attributes, unseen_wording=bool(i % 2), gold=i)
        assert question.gold == i % len(question.choices)
        assert len(set(question.choices)) == len(question.choices)
        assert question.detail in question.text
        right = task.asking.answers(attributes, question.detail)
        official = [officially_right(choice, question.choices[question.gold], question.choices) for choice in question.choices]
        assert official == [k == question.gold for k in range(len(question.choices))]
        assert [choice in right for choice in question.choices] == [k == question.gold for k in range(len(question.choices))]


@pytest.mark.parametrize(
    ("name", "attributes", "detail", "answers"),
    [
        ("order", {"events": "beep bird bell"}, "second", ["bird"]),
        ("event", {"events": "beep bird bell"}, "", ["beep", "bird", "bell"]),
        ("story", {"events": "bell steam", "scene": "sea"}, "", ["a train left the station"]),
        ("habitat", {"habitat": "frogs", "scene": "sea"}, "", ["a pond nearby"]),
        ("tone", {"instrument": "flute", "contour": "arch", "tempo": "rapid", "register": "low"}, "", ["tense"]),
        ("count", {"voices": "man man child man", "says": "ba da ba ga"}, "", ["two"]),
        ("intent", {"word": "ma bu mi", "emotion": "sad", "stress": "first", "source": "man"}, "", ["sarcasm"]),
        ("intent", {"word": "gu sa di", "emotion": "happy", "stress": "first", "source": "man"}, "", ["a joke"]),
        ("role", {"voices": "man child", "says": "ba da ga mi", "asks": "second"}, "", ["the child asks"]),
        ("fact", {"voices": "man child", "says": "ba da ga mi", "asks": "second"}, "child", ["ga mi"]),
        ("flip", {"moods": "sad happy", "source": "man", "says": "ba da ga mi"}, "", ["it turns happy"]),
        ("flip", {"moods": "sad sad", "source": "man", "says": "ba da ga mi"}, "", ["it stays sad"]),
    ],
)
def test_answer_follows_from_what_is_heard(name: str, attributes: dict, detail: str, answers: list[str]) -> None:
    assert list(BY_NAME[name].asking.answers(attributes, detail)) == answers


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_benchmark_gold_positions_rotate(task: Task) -> None:
    golds = []
    for i in range(12):
        row = annotation(task, "test", *question_clip(0, task, "test", i))
        assert row["answer"] in row["choices"]
        golds.append(row["choices"].index(row["answer"]))
    counts = collections.Counter(golds)
    assert max(counts.values()) == min(counts.values())


TEXTS = {2: "d784671e19cb1c8e"}


def test_texts_change_only_with_the_version() -> None:
    """If this fails after a change to a caption or a question, raise VERSION in world/build.py and pin the new digest."""
    rng = np.random.default_rng(0)
    texts: list[object] = []
    for index in range(96):
        family = family_of(index)
        clip = Described(f"clip-{index}", index, family, draw(rng, family))
        texts += [clip.attributes, caption_row(0, clip), question_rows(0, clip)]
        texts += [caption(rng, source, family, clip.attributes) for source in CAPTION_SOURCES[family]]
        texts.append(full_caption(family, clip.attributes, ()))
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]
    assert digest == TEXTS[VERSION]
