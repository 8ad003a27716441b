"""Which part of a training recipe for audio-language models helps or hurts, and where."""

__version__ = "0.1.0"
