"""Clips of sounds: three events, two that tell a story, a scene, a scene behind a voice, a habitat."""

from __future__ import annotations

from gemma_audio.world import scene, sound
from gemma_audio.world.families.family import ROBUST, Attributes, Family, pick
from gemma_audio.world.families.speaking import draw_speech, utterance
from gemma_audio.world.signal import Rng, Wave
from gemma_audio.world.voice import EMOTIONS, SPEAKERS


def draw_events(rng: Rng) -> Attributes:
    """Three different events in a row."""
    return {"events": " ".join(sound.EVENTS[i] for i in rng.choice(len(sound.EVENTS), 3, replace=False))}


def draw_story(rng: Rng) -> Attributes:
    """Two events that mean something together, over a soft scene and at a distance that mean nothing."""
    first, second = list(sound.STORIES)[int(rng.integers(len(sound.STORIES)))]
    return {"events": f"{first} {second}", "scene": pick(rng, scene.BEDS), "gap": pick(rng, tuple(sound.GAPS))}


def draw_scene(rng: Rng) -> Attributes:
    """A scene, an event in front of it, and when it comes."""
    return {"scene": pick(rng, scene.SCENES), "foreground": pick(rng, sound.EVENTS), "moment": pick(rng, scene.MOMENTS)}


def draw_ambience(rng: Rng) -> Attributes:
    """A word that is said, and the scene behind it."""
    return {**draw_speech(rng), "scene": pick(rng, scene.SCENES)}


def draw_habitat(rng: Rng) -> Attributes:
    """The animals or weather of a habitat, over a soft scene, with an event that means nothing."""
    return {
        "habitat": pick(rng, tuple(scene.HABITATS)), "scene": pick(rng, scene.BEDS), "foreground": pick(rng, sound.EVENTS),
    }  # fmt: skip


def _events(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    return sound.in_a_row(rng, tuple(a["events"].split()), length, unseen=unseen)


def _story(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    front = sound.in_a_row(rng, tuple(a["events"].split()), length, a["gap"], unseen)
    return front + scene.bed(rng, a["scene"], length) * 10 ** (-rng.uniform(16, 24) / 20)


def _scene(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    return scene.background(rng, a["scene"], a["foreground"], a["moment"], length, unseen)


def _ambience(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    return scene.ambience(rng, a["scene"], utterance(a), length, unseen)


def _habitat(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    return scene.habitat(rng, a["habitat"], a["scene"], a["foreground"], length, unseen)


def _heard(a: Attributes) -> list[int]:
    return [sound.EVENTS.index(event) for event in a["events"].split()]


def _told(a: Attributes) -> list[int]:
    return [*_heard(a), scene.BEDS.index(a["scene"]), tuple(sound.GAPS).index(a["gap"])]


def _placed(a: Attributes) -> tuple[int, ...]:
    return scene.SCENES.index(a["scene"]), sound.EVENTS.index(a["foreground"]), scene.MOMENTS.index(a["moment"])


def _overheard(a: Attributes) -> tuple[int, ...]:
    return scene.SCENES.index(a["scene"]), SPEAKERS.index(a["source"]), EMOTIONS.index(a["emotion"])


def _inhabited(a: Attributes) -> tuple[int, ...]:
    return tuple(scene.HABITATS).index(a["habitat"]), scene.BEDS.index(a["scene"]), sound.EVENTS.index(a["foreground"])


SOUNDING = {
    "events": Family(draw_events, _events, _heard, 5, "", ROBUST),
    "story": Family(draw_story, _story, _told, 3, "gap", ROBUST),
    "scene": Family(draw_scene, _scene, _placed, 3, "moment", ROBUST),
    "ambience": Family(draw_ambience, _ambience, _overheard, 4, "emotion"),
    "habitat": Family(draw_habitat, _habitat, _inhabited, 3, "foreground", ROBUST),
}
