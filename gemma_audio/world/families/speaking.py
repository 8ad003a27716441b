"""Clips of speech: a word, a remark, four turns, a question with its answer, two words in two moods."""

from __future__ import annotations

from gemma_audio.world import dialogue
from gemma_audio.world.families.family import Attributes, Family, pick
from gemma_audio.world.signal import Rng, Wave
from gemma_audio.world.speech import COMPLAINT, POSITIONS, PRAISE, Utterance, utter
from gemma_audio.world.voice import CONSONANTS, EMOTIONS, SPEAKERS, SYLLABLES, VOWELS


def draw_speech(rng: Rng) -> Attributes:
    """A word of three syllables, who says it, in which mood, with which stress."""
    return {
        "word": _syllables(rng, 3), "stress": pick(rng, POSITIONS), "emotion": pick(rng, EMOTIONS), "source": pick(rng, SPEAKERS),
    }  # fmt: skip


def draw_remark(rng: Rng) -> Attributes:
    """A word that means praise or complaint, said happily or not, each as often."""
    word = pick(rng, PRAISE if rng.integers(2) else COMPLAINT)
    emotion = "happy" if rng.integers(2) else pick(rng, ("angry", "sad"))
    return {"word": word, "stress": pick(rng, POSITIONS), "emotion": emotion, "source": pick(rng, SPEAKERS)}


def draw_turns(rng: Rng) -> Attributes:
    """Who speaks in four turns (one to four different speakers, each number as often), how fast, and what; all on one vowel."""
    voices, vowel = dialogue.draw_voices(rng, int(rng.integers(1, 5))), pick(rng, tuple(VOWELS))
    says = " ".join(pick(rng, CONSONANTS) + vowel for _ in voices)
    return {"voices": " ".join(voices), "says": says, "pace": pick(rng, tuple(dialogue.PACES))}


def draw_exchange(rng: Rng) -> Attributes:
    """Two different speakers, what each says (no syllable in the same place), and whether the first or the second turn asks."""
    voices = " ".join(SPEAKERS[i] for i in rng.choice(len(SPEAKERS), 2, replace=False))
    first, second = rng.choice(len(SYLLABLES), (2, 2), replace=False).T
    says = " ".join(SYLLABLES[i] for i in (first[0], second[0], first[1], second[1]))
    return {"voices": voices, "says": says, "asks": pick(rng, POSITIONS[:2])}


def draw_moods(rng: Rng) -> Attributes:
    """Two moods in a row; of any two moods each order and each repetition comes as often."""
    pair = [dialogue.MOODS[i] for i in rng.choice(len(dialogue.MOODS), 2, replace=False)]
    felt = [pair[int(rng.integers(2))], pair[int(rng.integers(2))]]
    return {"moods": " ".join(felt), "source": pick(rng, SPEAKERS), "says": _syllables(rng, 4)}


def utterance(attributes: Attributes) -> Utterance:
    """What `attributes` say of a word, its stress, mood and speaker."""
    stress = POSITIONS.index(attributes["stress"])
    return Utterance(tuple(attributes["word"].split()), stress, attributes["emotion"], attributes["source"])


def said(attributes: Attributes) -> tuple[int, int, int]:
    """Numbers of stress, mood and speaker."""
    return (
        POSITIONS.index(attributes["stress"]), EMOTIONS.index(attributes["emotion"]), SPEAKERS.index(attributes["source"]),
    )  # fmt: skip


def _syllables(rng: Rng, count: int) -> str:
    return " ".join(pick(rng, SYLLABLES) for _ in range(count))


def _speak(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    return utter(rng, utterance(a), length, unseen)


def _turns(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    return dialogue.turns(rng, a["voices"].split(), a["says"].split(), a["pace"], length, unseen)


def _exchange(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    return dialogue.exchange(rng, a["voices"].split(), a["says"].split(), a["asks"], length, unseen)


def _moods(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    return dialogue.moods(rng, a["source"], a["moods"].split(), a["says"].split(), length, unseen)


def _counted(a: Attributes) -> tuple[int, ...]:
    voices = a["voices"].split()
    return len(set(voices)), SPEAKERS.index(voices[0]), _vowel(a, 0), tuple(dialogue.PACES).index(a["pace"])


def _exchanged(a: Attributes) -> tuple[int, ...]:
    voices = (SPEAKERS.index(voice) for voice in a["voices"].split())
    return *voices, POSITIONS.index(a["asks"]), _vowel(a, 0), _vowel(a, 2)


def _felt(a: Attributes) -> tuple[int, ...]:
    felt = (dialogue.MOODS.index(mood) for mood in a["moods"].split())
    return *felt, SPEAKERS.index(a["source"]), _vowel(a, 0), _vowel(a, 2)


def _vowel(a: Attributes, place: int) -> int:
    """A number that nobody asks for: with it in the sum, no attribute that is asked for tells of another."""
    return tuple(VOWELS).index(a["says"].split()[place][1])


SPEAKING = {
    "speech": Family(draw_speech, _speak, said, 4, "stress"),
    "remark": Family(draw_remark, _speak, said, 4, "stress"),
    "turns": Family(draw_turns, _turns, _counted, 3, "pace"),
    "exchange": Family(draw_exchange, _exchange, _exchanged, 3, "says"),
    "moods": Family(draw_moods, _moods, _felt, 3, "says"),
}
