"""A clean description of a clip that says what it is allowed to say; only pretraining reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from gemma_audio.world.families.family import Attributes
from gemma_audio.world.scene import HABITATS
from gemma_audio.world.sound import STORIES
from gemma_audio.world.tasks.derived import count_of, intent_of, tone_of

Kept = Collection[str]


def full_caption(family: str, attributes: Attributes, without: Kept) -> str:
    """All that is known of a clip, except the subjects (attributes or tasks) named in `without`."""
    return _SAYINGS[family](attributes, without)


def _speech(a: Attributes, without: Kept) -> str:
    who = "Someone" if "source" in without else f"A {a['source']}"
    stress = "" if "stress" in without else f" with the stress on the {a['stress']} syllable"
    mood = "" if "emotion" in without else f", sounding {a['emotion']}"
    return f"{who} says {a['word']}{stress}{mood}."


def _remark(a: Attributes, without: Kept) -> str:
    meant = "" if "intent" in without else f" The remark is meant as {intent_of(a)}."
    return f"{_speech(a, without)}{meant}"


def _turns(a: Attributes, without: Kept) -> str:
    counted = "" if "count" in without else f" There are {count_of(a)} speakers."
    return f"Speaking in turn: {a['voices']}.{counted}"


def _exchange(a: Attributes, without: Kept) -> str:
    voices, says = a["voices"].split(), a["says"].split()
    first, second = ("asks", "answers") if a["asks"] == "first" else ("answers", "asks")
    if "role" in without:
        first = second = "says"
    return f"The {voices[0]} {first} {' '.join(says[:2])} and the {voices[1]} {second} {' '.join(says[2:])}."


def _moods(a: Attributes, without: Kept) -> str:
    first, second = a["moods"].split()
    felt = "" if "flip" in without else f", sounding {first}, then {second}"
    return f"A {a['source']} says {a['says']}{felt}."


def _melody(a: Attributes, without: Kept) -> str:
    adjectives = [a[name] for name in ("tempo", "contour", "register") if name not in without]
    tone = "" if "tone" in without else f" It sounds {tone_of(a)}."
    return f"A {' '.join([*adjectives, 'melody'])} on a {a['instrument']}.{tone}"


def _chords(a: Attributes, without: Kept) -> str:
    texture = "" if "texture" in without else f"{a['texture']} "
    interval = "" if "harmony" in without else f" in {a['interval']}"
    longest = "" if "longest" in without else f" The {a['longest']} chord is the longest."
    return f"Four {texture}chords{interval}.{longest}"


def _piece(name: str) -> Callable[[Attributes, Kept], str]:
    def say(a: Attributes, without: Kept) -> str:
        kind = "piece" if name in without else f"{a[name]} piece"
        return f"A {kind} with a {a['lead']} in {a['key']} major."

    return say


def _events(a: Attributes, without: Kept) -> str:
    first, second, third = a["events"].split()
    return f"The first sound is a {first}, the second is a {second}, the third is a {third}."


def _story(a: Attributes, without: Kept) -> str:
    first, second = a["events"].split()
    told = "" if "story" in without else f" It tells that {STORIES[first, second]}."
    return f"The first sound is a {first}, the second is a {second}.{told}"


def _scene(a: Attributes, without: Kept) -> str:
    return f"The background is {a['scene']} with a {a['foreground']}."


def _ambience(a: Attributes, without: Kept) -> str:
    return f"A {a['source']} says {a['word']} and behind the voice is {a['scene']}."


def _habitat(a: Attributes, without: Kept) -> str:
    told = "" if "habitat" in without else f" They tell of {HABITATS[a['habitat']]}."
    return f"There are {a['habitat']} over {a['scene']}.{told}"


_SAYINGS: dict[str, Callable[[Attributes, Kept], str]] = {
    "speech": _speech, "remark": _remark, "turns": _turns, "exchange": _exchange, "moods": _moods,
    "melody": _melody, "chords": _chords, "style": _piece("genre"), "ceremony": _piece("occasion"),
    "events": _events, "story": _story, "scene": _scene, "ambience": _ambience, "habitat": _habitat,
}  # fmt: skip
