"""Small Gemma 4 bases as Google's files are written, and stages on top of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import Gemma4Config, Gemma4ForConditionalGeneration

from gemma_audio.config.compose import load_config
from gemma_audio.config.kinds import AdapterMethod
from gemma_audio.config.schema import Adapter, Evaluation, Model
from gemma_audio.models import adapters, delta
from gemma_audio.models.load import load
from gemma_audio.models.weight_files import INDEX, dead_names
from gemma_audio.world.tiny import build_config, build_processor
from gemma_audio.world.tokenizer import build_tokenizer

LANGUAGE = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
PROJECTOR = "model.embed_audio.embedding_projection.weight"
QUERY = "model.language_model.layers.1.self_attn.q_proj.weight"
VISION: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
    "head_dim": 16, "position_embedding_size": 64, "use_clipped_linears": True,
}  # fmt: skip


def evaluation() -> Evaluation:
    return load_config().evaluation


def google_base(folder: Path, dtype: torch.dtype = torch.bfloat16) -> Model:
    """A base with a vision tower, two shards, the shared layers' keys and values, and the older spelling in its config.json."""
    tokenizer = build_tokenizer()
    config = Gemma4Config.from_dict({**build_config(tokenizer).to_dict(), "vision_config": VISION})
    torch.manual_seed(3)
    net = Gemma4ForConditionalGeneration(config).to(dtype)
    net.save_pretrained(folder)
    build_processor(tokenizer, clips=2).save_pretrained(folder)
    _older_spelling(folder / "config.json")
    (folder / "LICENSE").write_text("terms of the base\n")
    tensors = load_file(folder / "model.safetensors") | _dead(net, dtype)
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    halves = {f"model-{i + 1:05d}-of-00002.safetensors": names[i::2] for i in range(2)}
    for file, part in halves.items():
        save_file({name: tensors[name] for name in part}, folder / file, metadata={"format": "pt"})
    weight_map = {name: file for file, part in halves.items() for name in part}
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": weight_map}))
    return Model(name="google", source=str(folder), dtype=str(dtype).removeprefix("torch."))


def adapter_stage(model: Model, chain: list[Path], folder: Path, size: float, method: AdapterMethod = AdapterMethod.dora) -> Path:
    """A stage whose adapter moves the weights by about `size` (its B matrices are drawn with that deviation)."""
    net, _ = load(model, chain)
    wrapped = adapters.attach(
        net, Adapter(name="test", method=method, rank=4, alpha=8, dropout=0.0, scope={"language_model": LANGUAGE})
    )
    generator = torch.Generator().manual_seed(11)
    for name, parameter in wrapped.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0, size, generator=generator)
    adapters.save(wrapped, folder / "weights" / "adapter", model.source)
    return folder


def delta_stage(model: Model, folder: Path) -> Path:
    """A stage that trained the projector in full, in float32."""
    net, _ = load(model)
    old = net.get_parameter(PROJECTOR).float()
    generator = torch.Generator().manual_seed(5)
    delta.save({PROJECTOR: old + 1e-3 * torch.randn(old.shape, generator=generator)}, folder / "weights")
    return folder


def stored(folder: Path) -> dict[str, torch.Tensor]:
    """Every tensor of a folder, read by safetensors itself."""
    return {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}


def dead(folder: Path) -> list[str]:
    return dead_names(json.loads((folder / "config.json").read_text()))


def _dead(net: Any, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Keys and values of the last two layers, shaped like those of the layers that they reuse."""
    layers = net.model.language_model.layers
    made = {}
    for shared, owner in ((2, 0), (3, 1)):
        for name in ("k_proj", "v_proj", "k_norm"):
            like = getattr(layers[owner].self_attn, name).weight
            made[f"model.language_model.layers.{shared}.self_attn.{name}.weight"] = torch.randn(like.shape).to(dtype)
    return made


def _older_spelling(path: Path) -> None:
    config = json.loads(path.read_text())
    (size,) = {layer["head_dim"] for layer in config["text_config"].pop("per_layer_config").values()}
    config["text_config"] |= {"global_head_dim": size, "num_global_key_value_heads": None}
    config["vision_config"]["rope_parameters"]["rope_type"] = "default"
    config["vision_config"]["global_head_dim"] = config["vision_config"]["head_dim"]
    path.write_text(json.dumps(config | {"transformers_version": "5.5.0"}))
