"""The questions of the embedded world: ten of MMAU's subcategories, each about one attribute of a clip."""

from __future__ import annotations

from dataclasses import dataclass

from gemma_audio.world.music import CONTOURS, INSTRUMENTS, TEMPI
from gemma_audio.world.signal import Rng
from gemma_audio.world.sound import EVENTS, SCENES
from gemma_audio.world.speech import EMOTIONS, POSITIONS, SPEAKERS, SYLLABLES

Attributes = dict[str, str]
"""Attribute values of one clip as text; words and event lists are joined by blanks."""


@dataclass(frozen=True)
class Task:
    """One kind of question.

    `family` names the kind of clip it is asked about, `source` the audio-QA corpus whose place it takes in training.
    `leaks` is true where level and length alone tell more than chance; the README lists the figures.
    """

    name: str
    domain: str
    subcategory: str
    category: str
    family: str
    source: str
    train_wordings: tuple[str, ...]
    test_wordings: tuple[str, ...]
    leaks: bool = False


TASKS = (
    Task(
        "order", "sound", "Temporal Event Reasoning", "Reasoning", "events", "clotho_aqa",
        ("Which sound comes {position}?", "What is the {position} sound in the audio?",
         "Which sound do you hear {position}?", "Which event is {position} in the recording?"),
        ("Which event comes {position} in the audio?", "What sound do you hear {position} in the recording?"),
    ),
    Task(
        "event", "sound", "Sound-Based Event Recognition", "Information Extraction", "events", "fsd50k_qa",
        ("Which of these sounds is heard?", "What can be heard in the audio?",
         "Which event is in the recording?", "Which sound do you hear?"),
        ("Which of these can be heard in the recording?", "Which sound is in the audio?"),
        leaks=True,
    ),
    Task(
        "scene", "sound", "Acoustic Scene Reasoning", "Reasoning", "scene", "clotho_aqa",
        ("What is the background of the recording?", "Where was the audio recorded?",
         "Which scene is it?", "What is heard in the background?"),
        ("Which background is heard in the recording?", "What scene was recorded?"),
        leaks=True,
    ),
    Task(
        "source", "sound", "Acoustic Source Inference", "Reasoning", "speech", "librispeech_qa",
        ("Who is speaking?", "Whose voice is heard?", "Who is the speaker in the audio?", "What kind of speaker is it?"),
        ("Who is heard speaking in the audio?", "Whose voice is it?"),
        leaks=True,
    ),
    Task(
        "tempo", "music", "Rhythm and Tempo Understanding", "Information Extraction", "melody", "music_qa",
        ("How fast is the melody?", "What is the tempo of the music?", "What is the pace of the melody?", "Which tempo is it?"),
        ("What is the tempo of the melody?", "How fast is the music?"),
    ),
    Task(
        "contour", "music", "Melodic Structure Interpretation", "Information Extraction", "melody", "music_qa",
        ("What is the shape of the melody?", "How does the melody move?",
         "Which contour is it?", "What contour does the melody have?"),
        ("Which shape does the melody have?", "What is the contour of the melody?"),
    ),
    Task(
        "instrument", "music", "Instrumentation", "Information Extraction", "melody", "music_qa",
        ("Which instrument is playing?", "What instrument is heard?", "What plays the melody?", "Which instrument is it?"),
        ("Which instrument plays the melody?", "What instrument is playing in the audio?"),
        leaks=True,
    ),
    Task(
        "stress", "speech", "Phonemic Stress Pattern Analysis", "Reasoning", "speech", "librispeech_qa",
        ("Which syllable is stressed?", "Which syllable of the word has the stress?",
         "Where is the stress in the word?", "What is the stressed syllable?"),
        ("Which syllable has the stress?", "Where is the stressed syllable in the word?"),
    ),
    Task(
        "emotion", "speech", "Emotion State summarisation", "Reasoning", "speech", "librispeech_qa",
        ("What emotion does the speaker show?", "How does the speaker feel?",
         "What is the tone of the voice?", "Which emotion is heard?"),
        ("What emotion is heard in the voice?", "Which emotion does the speaker show?"),
    ),
    Task(
        "word", "speech", "Phonological Sequence Decoding", "Information Extraction", "speech", "librispeech_qa",
        ("Which word is said?", "What does the speaker say?", "What word is heard?", "Which word is spoken in the audio?"),
        ("Which word does the speaker say?", "What word is said in the audio?"),
    ),
)  # fmt: skip
BY_NAME = {task.name: task for task in TASKS}
FAMILIES = ("speech", "melody", "events", "scene")

POOLS: dict[str, tuple[str, ...]] = {
    "order": EVENTS, "event": EVENTS, "scene": SCENES, "source": SPEAKERS, "tempo": TEMPI, "contour": CONTOURS,
    "instrument": INSTRUMENTS, "stress": POSITIONS, "emotion": EMOTIONS,
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """A question with its choices; `choices[gold]` is right."""

    text: str
    choices: tuple[str, ...]
    gold: int


def ask(rng: Rng, task: Task, attributes: Attributes, *, unseen_wording: bool, gold: int | None = None) -> Question:
    """A question of `task` about a clip with `attributes`.

    The gold position is `gold` modulo the number of choices, or drawn uniformly; distractors come from the label's own set.
    """
    wordings = task.test_wordings if unseen_wording else task.train_wordings
    text = wordings[int(rng.integers(len(wordings)))]
    position = POSITIONS[int(rng.integers(3))]
    answer = _answer(rng, task, attributes, position)
    distractors = _distractors(rng, task, attributes, answer)
    place = int(rng.integers(len(distractors) + 1)) if gold is None else gold % (len(distractors) + 1)
    choices = (*distractors[:place], answer, *distractors[place:])
    return Question(text.format(position=position), choices, place)


def _answer(rng: Rng, task: Task, attributes: Attributes, position: str) -> str:
    if task.name == "order":
        return attributes["events"].split()[POSITIONS.index(position)]
    if task.name == "event":
        return str(rng.choice(attributes["events"].split()))
    return attributes[task.name]


def _distractors(rng: Rng, task: Task, attributes: Attributes, answer: str) -> tuple[str, ...]:
    if task.name == "word":
        return _similar_words(rng, answer)
    if task.name == "order":  # both other events that are heard, and one that is not: hearing the events is not enough
        heard = attributes["events"].split()
        unheard = [e for e in EVENTS if e not in heard]
        pool = [e for e in heard if e != answer] + [unheard[int(rng.integers(len(unheard)))]]
    elif task.name == "event":
        pool = [e for e in EVENTS if e not in attributes["events"].split()]
    else:
        pool = [label for label in POOLS[task.name] if label != answer]
    return tuple(str(pool[i]) for i in rng.permutation(len(pool))[:3])


def _similar_words(rng: Rng, word: str) -> tuple[str, ...]:
    """Three words that differ from `word` in one or two syllables."""
    found: list[str] = []
    while len(found) < 3:
        syllables = word.split()
        for i in rng.choice(3, int(rng.integers(1, 3)), replace=False):
            syllables[i] = SYLLABLES[int(rng.integers(len(SYLLABLES)))]
        other = " ".join(syllables)
        if other != word and other not in found:
            found.append(other)
    return tuple(found)
