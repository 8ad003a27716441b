"""Captions in the five styles of the published first stage.

What each style names follows the corpus it stands for: Clotho describes what happens in a sentence, FSD50K lists labels
without order, MusicBench writes several sentences with instrument and tempo, MusicQA answers "Describe the audio" vaguely,
LibriSpeech transcribes the words in capitals and names neither speaker nor prosody.
"""

from __future__ import annotations

from collections.abc import Callable

from gemma_audio.world.families.family import Attributes, pick
from gemma_audio.world.signal import Rng

CAPTION_SOURCES = {
    "speech": ("librispeech",),
    "remark": ("librispeech",),
    "turns": ("librispeech",),
    "exchange": ("librispeech",),
    "moods": ("librispeech",),
    "melody": ("musicbench", "musicqa"),
    "chords": ("musicbench", "musicqa"),
    "style": ("musicbench", "musicqa"),
    "ceremony": ("musicbench", "musicqa"),
    "events": ("clotho", "fsd50k"),
    "story": ("clotho", "fsd50k"),
    "scene": ("clotho", "fsd50k"),
    "ambience": ("clotho", "librispeech"),
    "habitat": ("clotho", "fsd50k"),
}
"""Which corpora caption the clips of a family."""

NOTES_PER_MINUTE = {"slow": 158, "moderate": 222, "fast": 316, "rapid": 462}


def caption(rng: Rng, source: str, family: str, attributes: Attributes) -> str:
    """The caption of a clip of `family` in the style of `source`."""
    return _STYLES[source](rng, family, attributes)


def _librispeech(rng: Rng, family: str, a: Attributes) -> str:
    return a["word" if "word" in a else "says"].upper()


def _musicbench(rng: Rng, family: str, a: Attributes) -> str:
    ending = pick(rng, (" It sounds calm.", " There is no singing.", " It could be used in a film."))
    if family == "melody":
        tempo = f" The tempo is {a['tempo']} with {NOTES_PER_MINUTE[a['tempo']]} notes per minute."
        return f"This is a melody played on a {a['instrument']}.{tempo}{ending}"
    if family == "chords":
        return f"Four {a['texture']} chords in {a['interval']} are played.{ending}"
    kind = a["genre"] if family == "style" else a["occasion"]
    return f"This is a {kind} piece with a {a['lead']} in {a['key']} major.{ending}"


def _musicqa(rng: Rng, family: str, a: Attributes) -> str:
    vague = ("The audio is a short piece of music.", "Music is playing.")
    named = {"melody": "instrument", "style": "lead", "ceremony": "lead"}.get(family)
    third = f"A {a[named]} is playing." if named else "Some chords are playing."
    return pick(rng, (*vague, third))


def _clotho(rng: Rng, family: str, a: Attributes) -> str:
    if family == "events":
        x, y, z = a["events"].split()
        several = (
            f"A {x} is followed by a {y} and a {z}.",
            f"A {y} sounds close by while a {z} is heard.",
            f"A {x} sounds once.",
        )
        return pick(rng, several)
    if family == "story":
        x, y = a["events"].split()
        return pick(rng, (f"A {x} is followed by a {y}.", f"A {y} sounds after something else."))
    if family == "ambience":
        return pick(rng, (f"Someone speaks while there is {a['scene']} in the background.", "A person is talking outside."))
    if family == "habitat":
        return pick(rng, (f"There are {a['habitat']} with {a['scene']} noise.", f"The sound of {a['habitat']} outside."))
    scene = a["scene"]
    return pick(
        rng, (f"A {a['foreground']} is heard while there is {scene} in the background.", f"There is {scene} noise outside.")
    )


def _fsd50k(rng: Rng, family: str, a: Attributes) -> str:
    labels = " ".join(a[name] for name in ("events", "habitat", "scene", "foreground") if name in a).split()
    return ", ".join(labels[i] for i in rng.permutation(len(labels)))


_STYLES: dict[str, Callable[[Rng, str, Attributes], str]] = {
    "librispeech": _librispeech, "musicbench": _musicbench, "musicqa": _musicqa, "clotho": _clotho, "fsd50k": _fsd50k,
}  # fmt: skip
