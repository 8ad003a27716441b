"""DoRA as PEFT defines it, without its dense products: the norm from factors, once per optimizer step, and one fused product."""

from gemma_audio.models.dora.cache import NormCache
from gemma_audio.models.dora.install import install

__all__ = ["NormCache", "install"]
