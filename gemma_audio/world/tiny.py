"""The tiny model: transformers' own Gemma 4 classes with every mechanism of E4B, at 2.3 M parameters."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gemma_audio.world.clip import make
from gemma_audio.world.families import FAMILIES
from gemma_audio.world.tokenizer import TEMPLATE, build_tokenizer

if TYPE_CHECKING:
    from transformers import Gemma4Config, Gemma4ForConditionalGeneration, Gemma4Processor, GemmaTokenizer

FOLDER = Path(__file__).parent / "tiny"
"""The pretrained weights that ship with the package, with their tokenizer, processor and card."""

CARD = Path(__file__).parent / "tiny_card.json"
"""How the shipped weights were made and how they score."""

MELS = 64
"""Half of E4B's mel bins: the convolutions at 128 bins would cost more than the rest of the model together."""


def build_config(tokenizer: GemmaTokenizer) -> Gemma4Config:
    """Both layer types, two KV-shared layers, per-layer inputs, soft-capped logits, a causal conformer; no vision tower."""
    from transformers import Gemma4Config

    token = tokenizer.convert_tokens_to_ids
    text: dict[str, Any] = {
        "vocab_size": len(tokenizer), "vocab_size_per_layer_input": len(tokenizer),
        "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 4,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "global_head_dim": 64,
        "layer_types": ["sliding_attention", "full_attention"] * 2, "num_kv_shared_layers": 2,
        "hidden_size_per_layer_input": 16, "sliding_window": 512, "final_logit_softcapping": 30.0,
        "use_double_wide_mlp": False, "max_position_embeddings": 2048, "initializer_range": 0.04,
        "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2,
    }  # fmt: skip
    audio: dict[str, Any] = {
        "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4, "initializer_range": 0.04,
        "subsampling_conv_channels": [MELS, 16],  # the first must equal the number of mel bins
        "output_proj_dims": 128, "attention_context_left": 13,
    }  # fmt: skip
    return Gemma4Config(
        text_config=text, audio_config=audio, vision_config=None, initializer_range=0.04,
        boi_token_id=token("<|image>"), eoi_token_id=token("<image|>"), image_token_id=token("<|image|>"),
        video_token_id=token("<|video|>"), boa_token_id=token("<|audio>"), audio_token_id=token("<|audio|>"),
        eoa_token_index=token("<audio|>"),
    )  # fmt: skip


def build_processor(tokenizer: GemmaTokenizer, seed: int = 0, clips: int = 140) -> Gemma4Processor:
    """The stock processor, its mel bins standardised over `clips` clips of the world."""
    from transformers import Gemma4AudioFeatureExtractor, Gemma4Processor
    from transformers.models.gemma4.image_processing_pil_gemma4 import Gemma4ImageProcessorPil
    from transformers.models.gemma4.video_processing_gemma4 import Gemma4VideoProcessor

    plain = Gemma4AudioFeatureExtractor(feature_size=MELS)
    names = tuple(FAMILIES)
    waves = [make(seed, names[i % len(names)], "normalise", i).pcm / 32768 for i in range(clips)]
    mels = np.concatenate([plain([wave.astype(np.float32)], sampling_rate=16_000).input_features[0] for wave in waves])
    extractor = Gemma4AudioFeatureExtractor(
        feature_size=MELS,
        per_bin_mean=[round(float(v), 4) for v in mels.mean(0)],
        per_bin_stddev=[round(float(v), 4) for v in mels.std(0) + 1e-2],
    )
    return Gemma4Processor(
        feature_extractor=extractor, tokenizer=tokenizer, chat_template=TEMPLATE,
        image_processor=Gemma4ImageProcessorPil(), video_processor=Gemma4VideoProcessor(),
    )  # fmt: skip


def build_model(init_seed: int = 0) -> tuple[Gemma4ForConditionalGeneration, Gemma4Processor]:
    """An untrained tiny model in float32 and its processor; `init_seed` alone decides the weights."""
    import torch
    from transformers import Gemma4ForConditionalGeneration

    tokenizer = build_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(init_seed)
        model = Gemma4ForConditionalGeneration(build_config(tokenizer))
    model.generation_config.eos_token_id = [1, tokenizer.convert_tokens_to_ids("<turn|>")]
    model.generation_config.do_sample = False
    return model, build_processor(tokenizer)


def save(model: Gemma4ForConditionalGeneration, processor: Gemma4Processor, folder: Path) -> None:
    """Write weights in bfloat16 with tokenizer, processor and configuration, loadable by `from_pretrained`."""
    import torch

    backend = processor.tokenizer.backend_tokenizer
    backend.no_padding()  # a padding state left by an earlier call would be saved and break the reloaded processor
    backend.no_truncation()
    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)


def weights_sha256() -> str:
    """The sha256 of the shipped weights file."""
    return hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()
