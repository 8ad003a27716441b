"""Questions: MMAU's names, golds that rotate, wordings kept for the test, distractors from the label's own set."""

import collections
import hashlib
import json

import numpy as np
import pytest

from gemma_audio.world import VERSION
from gemma_audio.world.benchmark import question_clip
from gemma_audio.world.captions import CAPTION_SOURCES, caption, full_caption
from gemma_audio.world.clip import draw
from gemma_audio.world.mix import Described, caption_row, family_of, question_rows
from gemma_audio.world.tasks import FAMILIES, TASKS, Task, ask

MMAU = {  # of the published annotation file: subcategory -> (task, category)
    "Temporal Event Reasoning": ("sound", "Reasoning"),
    "Sound-Based Event Recognition": ("sound", "Information Extraction"),
    "Acoustic Scene Reasoning": ("sound", "Reasoning"),
    "Acoustic Source Inference": ("sound", "Reasoning"),
    "Rhythm and Tempo Understanding": ("music", "Information Extraction"),
    "Melodic Structure Interpretation": ("music", "Information Extraction"),
    "Instrumentation": ("music", "Information Extraction"),
    "Phonemic Stress Pattern Analysis": ("speech", "Reasoning"),
    "Emotion State summarisation": ("speech", "Reasoning"),
    "Phonological Sequence Decoding": ("speech", "Information Extraction"),
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
def test_answer_is_true_and_distractors_are_not(task: Task) -> None:
    rng = np.random.default_rng(11)
    for i in range(200):
        attributes = draw(rng, task.family)
        question = ask(rng, task, attributes, unseen_wording=bool(i % 2), gold=i)
        assert question.gold == i % len(question.choices)
        assert len(set(question.choices)) == len(question.choices)
        answer = question.choices[question.gold]
        if task.name == "order":
            position = next(p for p in ("first", "second", "third") if p in question.text)
            assert attributes["events"].split()[["first", "second", "third"].index(position)] == answer
            assert set(attributes["events"].split()) <= set(question.choices)
        elif task.name == "event":
            assert [c in attributes["events"].split() for c in question.choices].count(True) == 1
        else:
            assert attributes[task.name] == answer


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_benchmark_gold_positions_rotate(task: Task) -> None:
    golds = []
    for i in range(12):
        _, row = question_clip(0, task, "test", i)
        assert row["answer"] in row["choices"]
        golds.append(row["choices"].index(row["answer"]))
    counts = collections.Counter(golds)
    assert max(counts.values()) == min(counts.values())


TEXTS = {1: "c6ea851afeadffcb"}


def test_texts_change_only_with_the_version() -> None:
    """If this fails after a change to a caption or a question, raise VERSION in world/build.py and pin the new digest."""
    rng = np.random.default_rng(0)
    texts: list[object] = []
    for index in range(60):
        family = family_of(index)
        clip = Described(f"clip-{index}", index, family, draw(rng, family))
        texts += [clip.attributes, caption_row(0, clip), question_rows(0, clip)]
        texts += [caption(rng, source, clip.attributes) for source in CAPTION_SOURCES[family]]
        texts.append(full_caption(family, clip.attributes, tuple(clip.attributes)))
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]
    assert digest == TEXTS[VERSION]
