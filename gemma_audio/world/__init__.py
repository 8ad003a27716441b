"""The embedded world: synthesis, tasks, captions, benchmark, and the tiny model that lives in it."""

from gemma_audio.world.build import VERSION, build, identity

__all__ = ["VERSION", "build", "identity"]
