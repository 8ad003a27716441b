"""What a clip is to the model: log-mel frames, or a frozen audio tower's output; read when a batch needs it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from gemma_audio.data.corpus import Corpus
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.sound import Sound
from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.models.hearing import Features, Hearing

MEMORY = 1 << 30
AT_ONCE = 64  # clips whose frames are in memory while the tower hears them
SHOWN = 3
EVERY = 10.0  # seconds between two lines about how far the tower is


class Clips:
    """The clips of a corpus; the latest `memory` bytes of log-mel frames are kept."""

    def __init__(self, corpus: Corpus, encoder: Encoder, memory: int = MEMORY) -> None:
        self._corpus, self._encoder, self._memory = corpus, encoder, memory
        self._frames: OrderedDict[str, Features] = OrderedDict()
        self._held = 0
        self._hearing: Hearing | None = None
        self._keys: dict[str, str] = {}

    def frames(self, clip: str) -> Features:
        """Return the clip's log-mel frames, (frames, mels)."""
        if clip in self._frames:
            self._frames.move_to_end(clip)
            return self._frames[clip]
        frames = self._encoder.features(self._corpus.audio(clip))
        self._frames[clip], self._held = frames, self._held + frames.nbytes
        while self._held > self._memory:
            self._held -= self._frames.popitem(last=False)[1].nbytes
        return frames

    def tokens(self, clip: str) -> int:
        """Return how many audio tokens the clip takes in a prompt; no sample is read."""
        return self._encoder.audio_tokens(self._length(clip))

    def inputs(self, clip: str) -> Sound:
        """Return what the model is fed: frames, or the tower's output once `hear` was called."""
        tokens = self.tokens(clip)
        if self._hearing is None:
            return Sound(tokens, self._length(clip), partial(self.frames, clip))
        return Sound(tokens, tokens, partial(self._output, clip))

    def hear(self, hearing: Hearing, clips: Sequence[str], say: Callable[[str], None] = lambda line: None) -> None:
        """Feed the tower's outputs from now on, and make those of `clips` that are still missing; long work is told by `say`."""
        self._hearing = hearing
        missing = [clip for clip in clips if not hearing.cache.holds(self._key(clip))]
        missing.sort(key=lambda clip: (self._length(clip), clip))  # clips of equal length share a batch
        total, done, began = sum(map(self._length, missing)), 0, time.monotonic()
        told = began
        for at in range(0, len(missing), AT_ONCE):
            part = missing[at : at + AT_ONCE]
            hearing.hear({self._key(clip): self._unkept(clip) for clip in part})
            done += sum(map(self._length, part))
            now = time.monotonic()
            left = (now - began) * (total - done) / done
            if now - told >= EVERY and left > EVERY / 2:
                say(f"the audio tower has heard {at + len(part)} of {len(missing)} clips, about {left:.0f} s left")
                told = now
        if lost := hearing.cache.counts["unwritten"]:
            place = f"{hearing.cache.folder} is full or cannot be written to"
            say(f"{place}: the audio tower's outputs of {lost} clips are not kept, each is heard anew when a step needs it")

    def check(self, clips: Sequence[str]) -> None:
        """Raise GemmaAudioError that counts the clips which cannot be heard whole and names the first."""
        if bad := list(self._unfit(clips)):
            message = f"{len(bad)} of {len(clips)} clips cannot be heard whole ({'; '.join(bad[:SHOWN])})"
            remedy = "Nothing is cut silently: leave these clips out of the data, or cut them to the part that matters."
            raise GemmaAudioError(str(Problem(str(self._corpus.folder), message, remedy)))

    def _unfit(self, clips: Sequence[str]) -> Iterator[str]:
        for clip in clips:
            if reason := self._encoder.unfit(self._corpus.samples(clip)):
                yield f"{clip}: {reason}"

    def _length(self, clip: str) -> int:
        return self._encoder.frames(self._corpus.samples(clip))

    def _key(self, clip: str) -> str:
        assert self._hearing is not None
        if clip not in self._keys:
            self._keys[clip] = self._hearing.key(self._corpus.audio(clip))
        return self._keys[clip]

    def _output(self, clip: str) -> Features:
        assert self._hearing is not None
        return self._hearing.features(self._key(clip), lambda: self._unkept(clip))

    def _unkept(self, clip: str) -> Features:
        """Frames that nothing but the tower will ask for."""
        return self._encoder.features(self._corpus.audio(clip))
