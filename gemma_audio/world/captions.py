"""Captions in the five styles of the published first stage, and the full description that only pretraining sees.

What each style names follows the corpus it stands for: Clotho describes what happens in a sentence, FSD50K lists labels
without order, MusicBench writes several sentences with instrument and tempo, MusicQA answers "Describe the audio" vaguely,
LibriSpeech transcribes the words in capitals and names neither speaker nor prosody.
"""

from __future__ import annotations

from gemma_audio.world.signal import Rng
from gemma_audio.world.tasks import Attributes

CAPTION_SOURCES = {
    "speech": ("librispeech",),
    "melody": ("musicbench", "musicqa"),
    "events": ("clotho", "fsd50k"),
    "scene": ("clotho", "fsd50k"),
}
"""Which corpora caption the clips of a family."""

NOTES_PER_MINUTE = {"slow": 158, "moderate": 222, "fast": 316, "rapid": 462}


def caption(rng: Rng, source: str, attributes: Attributes) -> str:
    """The caption of a clip in the style of `source`."""
    if source == "librispeech":
        return attributes["word"].upper()
    if source == "musicbench":
        return _musicbench(rng, attributes)
    if source == "musicqa":
        return _one(
            rng, ("The audio is a short piece of music.", "Music is playing.", f"A {attributes['instrument']} is playing.")
        )
    if source == "clotho":
        return _clotho(rng, attributes)
    return _fsd50k(rng, attributes)


def full_caption(family: str, attributes: Attributes, keep: tuple[str, ...]) -> str:
    """A clean description of a clip that names the attributes in `keep` (and no others)."""
    say = {name: value for name, value in attributes.items() if name in keep}
    if family == "speech":
        who = f"A {say['source']}" if "source" in say else "Someone"
        words = f" says {say['word']}" if "word" in say else " speaks"
        stress = f" with the stress on the {say['stress']} syllable" if "stress" in say else ""
        tone = f" in a {say['emotion']} tone" if "emotion" in say else ""
        return f"{who}{words}{stress}{tone}."
    if family == "melody":
        adjectives = " ".join(say[k] for k in ("tempo", "contour") if k in say)
        played = f" on a {say['instrument']}" if "instrument" in say else ""
        return f"A {adjectives} melody{played}.".replace("  ", " ")
    if family == "events":
        first, second, third = attributes["events"].split()
        return f"The first sound is a {first}, the second is a {second}, the third is a {third}."
    return f"The background is {attributes['scene']} with a {attributes['foreground']}."


def _musicbench(rng: Rng, attributes: Attributes) -> str:
    first = f"This is a melody played on a {attributes['instrument']}."
    second = f" The tempo is {attributes['tempo']} with {NOTES_PER_MINUTE[attributes['tempo']]} notes per minute."
    third = _one(rng, (" It sounds calm.", " There is no singing.", " It could be used in a film."))
    return first + second + third


def _clotho(rng: Rng, attributes: Attributes) -> str:
    if "scene" in attributes:
        scene, foreground = attributes["scene"], attributes["foreground"]
        return _one(
            rng, (f"A {foreground} is heard while there is {scene} in the background.", f"There is {scene} noise outside.")
        )
    a, b, c = attributes["events"].split()
    return _one(
        rng, (f"A {a} is followed by a {b} and a {c}.", f"A {b} sounds close by while a {c} is heard.", f"A {a} sounds once.")
    )


def _fsd50k(rng: Rng, attributes: Attributes) -> str:
    labels = [attributes["scene"], attributes["foreground"]] if "scene" in attributes else attributes["events"].split()
    return ", ".join(labels[i] for i in rng.permutation(len(labels)))


def _one(rng: Rng, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]
