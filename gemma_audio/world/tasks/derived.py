"""What follows from several attributes together, by convention of this world."""

from __future__ import annotations

from gemma_audio.world.families.family import Attributes
from gemma_audio.world.speech import SOFT

COUNTS = ("one", "two", "three", "four")
INTENTS = ("sincere praise", "sarcasm", "a sincere complaint", "a joke")
TONES = {("fast", "high"): "joyful", ("fast", "low"): "tense", ("slow", "high"): "tender", ("slow", "low"): "gloomy"}
QUICK = ("fast", "rapid")


def count_of(attributes: Attributes) -> str:
    """How many different voices take part."""
    return COUNTS[len(set(attributes["voices"].split())) - 1]


def tone_of(attributes: Attributes) -> str:
    """The tone of a melody: tempo and register decide it together."""
    return TONES["fast" if attributes["tempo"] in QUICK else "slow", attributes["register"]]


def intent_of(attributes: Attributes) -> str:
    """What a remark is meant as: the word's meaning and the voice's mood agree or do not."""
    praises = sum(syllable[0] in SOFT for syllable in attributes["word"].split()) >= 2
    happy = attributes["emotion"] == "happy"
    return INTENTS[(0 if happy else 1) if praises else (3 if happy else 2)]
