"""Clips of music: melodies, rows of chords, pieces in a genre, pieces for an occasion."""

from __future__ import annotations

from gemma_audio.world import music, style
from gemma_audio.world.families.family import ROBUST, STEADY, Attributes, Family, pick
from gemma_audio.world.instrument import INSTRUMENTS
from gemma_audio.world.signal import Rng, Wave, coloured


def draw_melody(rng: Rng) -> Attributes:
    """Instrument, contour, tempo and register of a melody."""
    return {
        "instrument": pick(rng, INSTRUMENTS), "contour": pick(rng, music.CONTOURS), "tempo": pick(rng, music.TEMPI),
        "register": pick(rng, tuple(music.REGISTERS)),
    }  # fmt: skip


def draw_chords(rng: Rng) -> Attributes:
    """Interval and texture of four chords, and which of them is the longest."""
    return {
        "interval": pick(rng, tuple(music.INTERVALS)), "texture": pick(rng, music.TEXTURES), "longest": pick(rng, music.LONGEST),
    }  # fmt: skip


def _play(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    wave = music.play(rng, music.Melody(**a), length)
    return coloured(wave, rng) if unseen else wave


def _chords(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
    wave = music.chords(rng, a["interval"], a["texture"], a["longest"], length)
    return coloured(wave, rng) if unseen else wave


def _melodic(a: Attributes) -> tuple[int, ...]:
    return INSTRUMENTS.index(a["instrument"]), music.CONTOURS.index(a["contour"]), music.TEMPI.index(a["tempo"])


def _harmonic(a: Attributes) -> tuple[int, ...]:
    return tuple(music.INTERVALS).index(a["interval"]), music.TEXTURES.index(a["texture"]), music.LONGEST.index(a["longest"])


def _piece(name: str, pool: tuple[str, ...]) -> Family:
    """A family of pieces that follow the convention called by the attribute `name`."""

    def draw(rng: Rng) -> Attributes:
        return {name: pick(rng, pool), "lead": pick(rng, style.LEADS), "key": pick(rng, tuple(style.KEYS))}

    def render(rng: Rng, a: Attributes, length: float, unseen: bool) -> Wave:
        wave = style.piece(rng, a[name], a["lead"], a["key"], length)
        return coloured(wave, rng) if unseen else wave

    def combination(a: Attributes) -> tuple[int, ...]:
        return pool.index(a[name]), style.LEADS.index(a["lead"]), tuple(style.KEYS).index(a["key"])

    return Family(draw, render, combination, 4, "key", ROBUST)


MUSICAL = {
    "melody": Family(draw_melody, _play, _melodic, 4, "instrument", STEADY),
    "chords": Family(draw_chords, _chords, _harmonic, 4, "texture"),
    "style": _piece("genre", style.GENRES),
    "ceremony": _piece("occasion", style.OCCASIONS),
}
