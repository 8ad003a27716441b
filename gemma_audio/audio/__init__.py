"""Sound files in, float32 mono 16 kHz out: the only room that opens a sound file."""

from __future__ import annotations

from gemma_audio.audio.decode import Clip, Limits, MissingAudioError, decode
from gemma_audio.audio.resample import RATE

__all__ = ["RATE", "Clip", "Limits", "MissingAudioError", "decode"]
