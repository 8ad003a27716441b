"""Sound events: one by one, in a row of three, or two that tell a story."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gemma_audio.world.signal import Rng, Wave, place, ramps, samples, shaped_noise, stretched, time_axis, unit_power

EVENTS = ("beep", "click", "bell", "buzzer", "bird", "steam")

STORIES = {
    ("click", "steam"): "a kettle was switched on",
    ("click", "buzzer"): "a saw was started",
    ("click", "bird"): "a window was opened",
    ("bell", "steam"): "a train left the station",
    ("bell", "buzzer"): "a shift began",
    ("bell", "bird"): "a church stands in a wood",
    ("beep", "steam"): "a coffee machine was ready",
    ("beep", "buzzer"): "a door was unlocked",
    ("beep", "bird"): "a phone rang in a park",
}
"""What two events in a row mean, by convention of this world: neither of them tells it alone."""


def event(rng: Rng, name: str, unseen: bool = False) -> Wave:
    """One sound event, 0.05 to 0.5 seconds; an unseen one is shifted in frequency beyond what training clips hold."""
    wave = _EVENTS[name](rng)
    return stretched(wave, rng) if unseen else wave


GAPS = {"short": 0.42, "medium": 0.52, "long": 0.64}
"""Seconds from one event to the next."""


def in_a_row(rng: Rng, names: tuple[str, ...], length: float, gap: str = "medium", unseen: bool = False) -> Wave:
    """`length` seconds holding the events one after another."""
    canvas = np.zeros(samples(length))
    second = rng.uniform(0.02, 0.10)
    for name in names:
        place(canvas, unit_power(event(rng, name, unseen)) * rng.uniform(0.7, 1.3), second)
        second += GAPS[gap] * rng.uniform(0.92, 1.04)
    return canvas


def _beep(rng: Rng) -> Wave:
    n = samples(0.15)
    return np.sin(2 * np.pi * rng.uniform(800, 1800) * time_axis(n)) * ramps(n)


def _click(rng: Rng) -> Wave:
    n = samples(0.05)
    return shaped_noise(rng, n, 800, 6000) * np.exp(-time_axis(n) * 120)


def _bell(rng: Rng) -> Wave:
    t = time_axis(samples(0.4))
    pitch = rng.uniform(600, 1200)
    partials = ((1.0, 7.0, 1.0), (2.76, 10.0, 0.6), (5.4, 16.0, 0.4))
    return np.asarray(sum(np.sin(2 * np.pi * pitch * ratio * t) * np.exp(-t * decay) * gain for ratio, decay, gain in partials))


def _buzzer(rng: Rng) -> Wave:
    n = samples(0.25)
    return np.sign(np.sin(2 * np.pi * rng.uniform(90, 160) * time_axis(n))) * ramps(n)


def _bird(rng: Rng) -> Wave:
    n = samples(0.25)
    t = time_axis(n)
    pitch = rng.uniform(2500, 3800) + rng.uniform(400, 1000) * np.sin(2 * np.pi * rng.uniform(9, 18) * t)
    return np.sin(2 * np.pi * np.cumsum(pitch) / 16_000) * ramps(n, 0.02, 0.02)


def _steam(rng: Rng) -> Wave:
    n = samples(0.25)
    return shaped_noise(rng, n, 2500, 7000) * ramps(n, 0.03, 0.05)


_EVENTS: dict[str, Callable[[Rng], Wave]] = {
    "beep": _beep, "click": _click, "bell": _bell, "buzzer": _buzzer, "bird": _bird, "steam": _steam,
}  # fmt: skip
