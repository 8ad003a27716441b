"""Where answers and wrong answers come from; no set of choices tells which of them is right.

Choices are either drawn from one pool, or form a square: two properties, each right or wrong, so that every choice resembles the
others as much as the right one does. No two choices hold the same words, since MMAU's rule does not see their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gemma_audio.world.dialogue import MOODS
from gemma_audio.world.families.family import Attributes
from gemma_audio.world.signal import Rng
from gemma_audio.world.sound import EVENTS, STORIES
from gemma_audio.world.speech import POSITIONS
from gemma_audio.world.tasks.task import Asking
from gemma_audio.world.voice import SPEAKERS, SYLLABLES


def from_pool(pool: Sequence[str], label: Callable[[Attributes], str]) -> Asking:
    """Asks for a label; distractors are others of its pool."""
    return Asking(
        answers=lambda attributes, detail: (label(attributes),),
        wrong=lambda rng, attributes, detail, answer: some(rng, [other for other in pool if other != answer]),
    )


def attribute(name: str, pool: Sequence[str], names: Mapping[str, str] | None = None) -> Asking:
    """Asks for an attribute by its value, or by what `names` call the value."""
    called = names or {value: value for value in pool}
    return from_pool([called[value] for value in pool], lambda attributes: called[attributes[name]])


def some(rng: Rng, pool: Sequence[str], count: int = 3) -> tuple[str, ...]:
    """Up to `count` of `pool` in random order."""
    return tuple(pool[int(i)] for i in rng.permutation(len(pool))[:count])


def _events_but(rng: Rng, a: Attributes, detail: str, answer: str) -> Sequence[str]:
    """Both others that are heard and one that is not: hearing the events is not enough."""
    heard = a["events"].split()
    unheard = some(rng, [event for event in EVENTS if event not in heard], 1)
    return some(rng, [*(event for event in heard if event != answer), *unheard])


POSITION = Asking(
    answers=lambda a, detail: (a["events"].split()[POSITIONS.index(detail)],), wrong=_events_but, details=lambda a: POSITIONS
)
"""The event in one position."""

PRESENCE = Asking(
    answers=lambda a, detail: a["events"].split(),
    wrong=lambda rng, a, detail, answer: some(rng, [event for event in EVENTS if event not in a["events"].split()]),
)
"""One of the events that are heard, among three that are not."""


def _other_stories(rng: Rng, a: Attributes, detail: str, answer: str) -> Sequence[str]:
    first, second = a["events"].split()
    other_first = some(rng, sorted({one for one, _ in STORIES} - {first}), 1)[0]
    other_second = some(rng, sorted({two for _, two in STORIES} - {second}), 1)[0]
    return some(rng, [STORIES[pair] for pair in ((first, other_second), (other_first, second), (other_first, other_second))])


STORY = Asking(lambda a, detail: [told for pair, told in STORIES.items() if " ".join(pair) == a["events"]], _other_stories)
"""What two events mean together, in a square of two first and two second events."""


def _other_words(rng: Rng, a: Attributes, detail: str, answer: str) -> Sequence[str]:
    one, two = (int(i) for i in rng.choice(3, 2, replace=False))
    words = [answer.split() for _ in range(3)]
    for place, changed in ((one, (0, 2)), (two, (1, 2))):
        other = some(rng, [syllable for syllable in SYLLABLES if syllable not in answer.split()], 1)[0]
        for number in changed:
            words[number][place] = other
    return some(rng, [" ".join(word) for word in words])


WORD = Asking(lambda a, detail: (a["word"],), _other_words)
"""The word that is said, in a square: two of its syllables are each right or wrong."""


def _said_by(a: Attributes, speaker: str) -> Sequence[str]:
    says = a["says"].split()
    return [" ".join(says[2 * i : 2 * i + 2]) for i, voice in enumerate(a["voices"].split()) if voice == speaker]


def _other_facts(rng: Rng, a: Attributes, detail: str, answer: str) -> Sequence[str]:
    says = a["says"].split()
    square = [f"{first} {second}" for first in (says[0], says[2]) for second in (says[1], says[3])]
    return some(rng, [words for words in square if words != answer])


FACT = Asking(_said_by, _other_facts, lambda a: a["voices"].split())
"""What one of two speakers says, in the square of both speakers' first and second syllables."""


def _asker(a: Attributes) -> str:
    return a["voices"].split()[POSITIONS.index(a["asks"])]


ROLE = from_pool([f"the {speaker} asks" for speaker in SPEAKERS], lambda a: f"the {_asker(a)} asks")
"""Who asks: one of the two who speak; the two others do not."""


def _mood(first: str, second: str) -> str:
    return f"it stays {second}" if first == second else f"it turns {second}"


def _other_moods(rng: Rng, a: Attributes, detail: str, answer: str) -> Sequence[str]:
    first, second = a["moods"].split()
    other = second if second != first else some(rng, [mood for mood in MOODS if mood != first], 1)[0]
    square = [_mood(one, two) for one in (first, other) for two in (first, other)]
    return some(rng, [choice for choice in square if choice != answer])


FLIP = Asking(lambda a, detail: (_mood(*a["moods"].split()),), _other_moods)
"""How the mood goes, in the square of two moods: it changes either way, or stays either."""
