"""How many training examples the data hold, by kind and source, told from the config without making or reading a sound."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from gemma_audio.config.kinds import DataKind
from gemma_audio.config.schema import Data
from gemma_audio.data import manifest
from gemma_audio.errors import GemmaAudioError
from gemma_audio.world.build import splits
from gemma_audio.world.captions import CAPTION_SOURCES
from gemma_audio.world.mix import SHARES, family_of
from gemma_audio.world.tasks import TASKS, TESTED

CLIP = 2 * 16_000 * 2
"""Bytes of the longest clip of the embedded world: two seconds at 16 kHz in 16 bits."""

Supply = Mapping[str, Mapping[str, int]]
"""Number of examples by kind ("caption", "qa"), then by source."""


def supply(data: Data) -> Supply | None:
    """The examples of `data`; None where they cannot be told before the data are read, or the settings make no sense."""
    count = COUNTS.get(data.kind)
    if count is None or (data.kind == DataKind.embedded and data.clips < 1):
        return None
    try:
        return count(data)
    except GemmaAudioError:  # a file that cannot be read, which is said elsewhere
        return None


def data_bytes(data: Data) -> int:
    """Bytes on disk of what is made of `data`, rather too many than too few; data that are read where they lie make none."""
    if data.kind != DataKind.embedded:
        return 0
    return CLIP * (data.clips + len(TESTED) * sum(splits(data).values()))


def embedded(data: Data) -> Supply:
    """The embedded world's: one caption a clip, and a question of every kind that the clip's family allows."""
    captions, families = Counter[str](), Counter[str]()
    for index in range(data.clips):
        sources = CAPTION_SOURCES[family := family_of(index)]
        captions[sources[index // len(SHARES) % len(sources)]] += 1
        families[family] += 1
    questions = Counter[str]()
    for task in TASKS:
        questions[task.source] += families[task.family]
    return {"caption": captions, "qa": questions}


def listed(data: Data) -> Supply:
    """A manifest's: its usable rows. Raises GemmaAudioError where it cannot be read."""
    rows, _ = manifest.parse(manifest.open_table(data), data)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, example in rows:
        counts[example.kind][example.source] += 1
    return counts


COUNTS: Mapping[str, Callable[[Data], Supply]] = {DataKind.embedded: embedded, DataKind.manifest: listed}
