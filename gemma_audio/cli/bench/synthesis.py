"""The world: clips per CPU-second, the whole world once, and what transforms of fast lengths are worth."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy import fft

from gemma_audio.cli.bench.clock import paired, repeated
from gemma_audio.cli.bench.figure import Bound, Figure
from gemma_audio.cli.bench.setting import Setting
from gemma_audio.sweep.engine import cores
from gemma_audio.world.clip import LENGTH, make
from gemma_audio.world.mix import family_of
from gemma_audio.world.signal import Wave, generator, samples


def clips(setting: Setting) -> list[Figure]:
    """Training clips of every family, in the shares of the mix."""
    count = setting.size(240, 12)
    took = repeated(lambda: [make(0, family_of(index), "bench", index) for index in range(count)], setting.size(3))
    return [Figure("clips made", count / took.cpu, "clips/CPU s", Bound(60, least=True), f"{count} clips of all families")]


def world(setting: Setting) -> list[Figure]:
    """The default world from nothing."""
    data = setting.config.data
    took = setting.building
    note = f"{data.clips} training clips and all questions once, with {cores()} processes"
    return [Figure("world built", took.wall, "s", Bound(120), note)]


def transforms(setting: Setting) -> list[Figure]:
    """A clip through a room, as every second clip goes: transforms of the next fast length, or of just the length needed."""
    rng = generator(0, "bench")
    rooms = [_room(rng) for _ in range(setting.size(200, 4))]

    def through(size: Any) -> list[float]:
        return [float(np.abs(_convolved(wave, response, size)).sum()) for wave, response in rooms]

    pair = paired(partial(through, partial(fft.next_fast_len, real=True)), partial(through, int), setting.size(5))
    return [
        pair.figure("fast FFT lengths", f"{len(rooms)} clips through a room, at the next fast length or just the length needed")
    ]


def _room(rng: np.random.Generator) -> tuple[Wave, Wave]:
    length, tail = samples(rng.uniform(*LENGTH)), samples(rng.uniform(0.02, 0.10))
    return rng.standard_normal(length), rng.standard_normal(tail) * np.exp(-np.arange(tail) / (tail / 5.0))


def _convolved(wave: Wave, response: Wave, size: Any) -> Wave:
    n = size(len(wave) + len(response))
    return np.asarray(fft.irfft(fft.rfft(wave, n) * fft.rfft(response, n), n)[: len(wave)])
