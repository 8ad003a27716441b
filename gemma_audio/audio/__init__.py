"""Sound files in, float32 mono 16 kHz out, and back: the only room that opens or writes a sound file."""

from __future__ import annotations

from gemma_audio.audio.decode import Clip, Limits, MissingAudioError, decode
from gemma_audio.audio.encode import TYPES, encode, suffix
from gemma_audio.audio.resample import RATE

__all__ = ["RATE", "TYPES", "Clip", "Limits", "MissingAudioError", "decode", "encode", "suffix"]
