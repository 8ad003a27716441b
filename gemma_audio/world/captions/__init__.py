"""Captions: in the five styles of the published first stage, and the full description that only pretraining sees."""

from gemma_audio.world.captions.full import full_caption
from gemma_audio.world.captions.styles import CAPTION_SOURCES, caption

__all__ = ["CAPTION_SOURCES", "caption", "full_caption"]
