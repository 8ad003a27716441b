"""The architecture of Gemma 4 E4B in figures: what is known of the model before, and without, its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gemma_audio.config.kinds import Architecture as Name

if TYPE_CHECKING:
    from transformers import Gemma4Config

Shape = tuple[int, int]


@dataclass(frozen=True)
class Text:
    """The decoder. Every `period`-th layer attends fully, with longer heads; the last ones reuse keys and values."""

    vocab_size: int = 262_144
    vocab_size_per_layer_input: int = 262_144
    hidden_size: int = 2560
    intermediate_size: int = 10_240
    num_hidden_layers: int = 42
    num_attention_heads: int = 8
    num_key_value_heads: int = 2
    head_dim: int = 256
    global_head_dim: int = 512
    num_kv_shared_layers: int = 18
    hidden_size_per_layer_input: int = 256
    sliding_window: int = 512
    max_position_embeddings: int = 131_072
    final_logit_softcapping: float = 30.0
    use_double_wide_mlp: bool = False
    layer_types: tuple[str, ...] = (*["sliding_attention"] * 5, "full_attention") * 7
    rope_parameters: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: {
            "full_attention": {"partial_rotary_factor": 0.25, "rope_theta": 1_000_000.0, "rope_type": "proportional"},
            "sliding_attention": {"rope_theta": 10_000.0, "rope_type": "default"},
        }
    )


@dataclass(frozen=True)
class Audio:
    """The conformer: causal, 40 ms a token, every query sees 12 keys."""

    hidden_size: int = 1024
    num_hidden_layers: int = 12
    num_attention_heads: int = 8
    conv_kernel_size: int = 5
    subsampling_conv_channels: tuple[int, int] = (128, 32)
    output_proj_dims: int = 1536
    attention_chunk_size: int = 12
    attention_context_left: int = 13
    attention_context_right: int = 0
    use_clipped_linears: bool = True


@dataclass(frozen=True)
class Vision:
    """The vision tower, which sound never reaches."""

    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 16
    num_attention_heads: int = 12
    num_key_value_heads: int = 12
    head_dim: int = 64
    global_head_dim: int = 64
    patch_size: int = 16
    pooling_kernel_size: int = 3
    position_embedding_size: int = 10_240
    default_output_length: int = 280
    use_clipped_linears: bool = True


@dataclass(frozen=True)
class Architecture:
    """The parts, and the ids of the tokens that the code knows by name; that of `<|turn>` is assumed, beside `<turn|>`'s."""

    text: Text = field(default_factory=Text)
    audio: Audio = field(default_factory=Audio)
    vision: Vision = field(default_factory=Vision)
    tokens: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType(
            {
                "<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3, "<mask>": 4, "<|turn>": 105, "<turn|>": 106,
                "<|image>": 255_999, "<|audio>": 256_000, "<|image|>": 258_880, "<|audio|>": 258_881,
                "<image|>": 258_882, "<audio|>": 258_883, "<|video|>": 258_884,
            }
        )
    )  # fmt: skip

    def config(self, *, vision: bool = True) -> Gemma4Config:
        """The configuration in bfloat16, as Google's file has it; without `vision` the tower is left out."""
        from transformers import Gemma4Config

        ids = self.tokens
        return Gemma4Config(
            text_config=_named(self.text), audio_config=_named(self.audio),
            vision_config=_named(self.vision) if vision else None,
            boi_token_id=ids["<|image>"], eoi_token_id=ids["<image|>"], image_token_id=ids["<|image|>"],
            video_token_id=ids["<|video|>"], boa_token_id=ids["<|audio>"], audio_token_id=ids["<|audio|>"],
            eoa_token_id=ids["<audio|>"], eoa_token_index=ids["<audio|>"], eos_token_id=[ids["<eos>"], ids["<turn|>"]],
            vision_soft_tokens_per_image=self.vision.default_output_length,
            architectures=["Gemma4ForConditionalGeneration"], dtype="bfloat16",
        )  # fmt: skip

    def linears(self) -> dict[str, Shape]:
        """Every plain linear layer that an adapter may take, by its module's name, as (outputs, inputs)."""
        return {**self._language_model(), **self._audio_tower(), **self._vision_tower()}

    def _language_model(self) -> dict[str, Shape]:
        text, prefix = self.text, "model.language_model"
        wide, per_layer = text.hidden_size, text.hidden_size_per_layer_input
        found = {f"{prefix}.per_layer_model_projection": (text.num_hidden_layers * per_layer, wide)}
        for number, kind in enumerate(text.layer_types):
            head = text.global_head_dim if kind == "full_attention" else text.head_dim
            queries, keys = text.num_attention_heads * head, text.num_key_value_heads * head
            layer = {"self_attn.q_proj": (queries, wide), "self_attn.o_proj": (wide, queries)}
            if number < text.num_hidden_layers - text.num_kv_shared_layers:
                layer |= {f"self_attn.{name}": (keys, wide) for name in ("k_proj", "v_proj")}
            layer |= {f"mlp.{name}": (text.intermediate_size, wide) for name in ("gate_proj", "up_proj")}
            layer |= {"mlp.down_proj": (wide, text.intermediate_size)}
            layer |= {"per_layer_input_gate": (per_layer, wide), "per_layer_projection": (wide, per_layer)}
            found |= {f"{prefix}.layers.{number}.{name}": shape for name, shape in layer.items()}
        return found

    def _audio_tower(self) -> dict[str, Shape]:
        audio, prefix = self.audio, "model.audio_tower"
        wide, (mels, channels) = audio.hidden_size, audio.subsampling_conv_channels
        layer = {f"feed_forward{n}.ffw_layer_1.linear": (4 * wide, wide) for n in (1, 2)}
        layer |= {f"feed_forward{n}.ffw_layer_2.linear": (wide, 4 * wide) for n in (1, 2)}
        layer |= {f"self_attn.{name}.linear": (wide, wide) for name in ("q_proj", "k_proj", "v_proj", "post")}
        layer |= {"self_attn.relative_k_proj": (wide, wide)}
        layer |= {"lconv1d.linear_start.linear": (2 * wide, wide), "lconv1d.linear_end.linear": (wide, wide)}
        return {
            f"{prefix}.subsample_conv_projection.input_proj_linear": (wide, mels // 4 * channels),
            **{f"{prefix}.layers.{n}.{name}": shape for n in range(audio.num_hidden_layers) for name, shape in layer.items()},
            f"{prefix}.output_proj": (audio.output_proj_dims, wide),
            "model.embed_audio.embedding_projection": (self.text.hidden_size, audio.output_proj_dims),
        }

    def _vision_tower(self) -> dict[str, Shape]:
        vision, prefix = self.vision, "model.vision_tower"
        wide, inner = vision.hidden_size, vision.intermediate_size
        layer = {f"self_attn.{name}_proj.linear": (wide, wide) for name in "qkvo"}
        layer |= {
            "mlp.gate_proj.linear": (inner, wide),
            "mlp.up_proj.linear": (inner, wide),
            "mlp.down_proj.linear": (wide, inner),
        }
        return {
            f"{prefix}.patch_embedder.input_proj": (wide, 3 * vision.patch_size**2),
            **{
                f"{prefix}.encoder.layers.{n}.{name}": shape
                for n in range(vision.num_hidden_layers)
                for name, shape in layer.items()
            },
            "model.embed_vision.embedding_projection": (self.text.hidden_size, wide),
        }


def _named(part: Text | Audio | Vision) -> dict[str, Any]:
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(part).items()}
    return {**values, "dtype": "bfloat16"}


E4B = Architecture()
BY_SOURCE: Mapping[str, Architecture] = MappingProxyType({Name.gemma4_e4b: E4B})
"""What model.source may name in place of weights, which are random then."""
