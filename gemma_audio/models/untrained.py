"""Models of a known architecture with random weights, for benches and plans: built where they are to lie, without a file."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from transformers import Gemma4AudioFeatureExtractor, Gemma4ForConditionalGeneration, Gemma4Processor, GenerationConfig
from transformers.models.gemma4.image_processing_pil_gemma4 import Gemma4ImageProcessorPil
from transformers.models.gemma4.video_processing_gemma4 import Gemma4VideoProcessor

from gemma_audio.models.architecture import Architecture
from gemma_audio.world.tokenizer import TEMPLATE, build_tokenizer


def build_net(
    architecture: Architecture, *, device: str = "cpu", dtype: str = "bfloat16", init_seed: int = 0, vision: bool = True
) -> Gemma4ForConditionalGeneration:
    """Build the model on `device`, with no copy on the CPU; on "meta" in milliseconds, without weights.

    `init_seed` alone decides the weights on a given kind of device. Rotary frequencies are float32 in every dtype.
    """
    with torch.random.fork_rng(devices=[device] if torch.device(device).type == "cuda" else []), torch.device(device):
        torch.manual_seed(init_seed)
        net = Gemma4ForConditionalGeneration._from_config(architecture.config(vision=vision), dtype=getattr(torch, dtype))
    ends = [architecture.tokens[name] for name in ("<eos>", "<turn|>")]
    net.generation_config = GenerationConfig(pad_token_id=0, bos_token_id=2, eos_token_id=ends)
    return net.eval()


def build_processor(architecture: Architecture) -> Gemma4Processor:
    """The small world's tokenizer with the architecture's ids of special tokens, and E4B's own front end for sound.

    Words are cut finer than by the true vocabulary, so that prompts are some tokens longer; sounds take as many as they do there.
    """
    return Gemma4Processor(
        feature_extractor=Gemma4AudioFeatureExtractor(feature_size=architecture.audio.subsampling_conv_channels[0]),
        tokenizer=_tokenizer(tuple(architecture.tokens.items())), chat_template=TEMPLATE,
        image_processor=Gemma4ImageProcessorPil(), video_processor=Gemma4VideoProcessor(),
    )  # fmt: skip


@cache
def _tokenizer(tokens: tuple[tuple[str, int], ...]) -> Any:
    return build_tokenizer(ids=dict(tokens))
