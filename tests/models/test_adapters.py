from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import Gemma4ForConditionalGeneration

from gemma_audio.config.kinds import AdapterMethod
from gemma_audio.config.schema import Adapter, Model
from gemma_audio.errors import ConfigError
from gemma_audio.models import adapters
from gemma_audio.models.load import load

LANGUAGE = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
AUDIO = r".*audio_tower\.layers\.\d+\..*\.linear"


def adapter(method: AdapterMethod = AdapterMethod.dora, **scope: str) -> Adapter:
    scope = scope or {"language_model": LANGUAGE}
    return Adapter(name="test", method=method, rank=4, alpha=8, dropout=0.0, scope=scope)


def train_a_little(wrapped: PeftModel, ids: torch.Tensor) -> None:
    trained = [p for p in wrapped.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    for _ in range(3):
        wrapped.get_base_model()(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize("method", list(AdapterMethod))
def test_merge_save_and_reload_agree_in_float32(
    base: Model, sentence: torch.Tensor, method: AdapterMethod, tmp_path: Path
) -> None:
    net, _ = load(base)
    before = net(input_ids=sentence).logits
    wrapped = adapters.attach(net, adapter(method=method))
    assert torch.allclose(before, net(input_ids=sentence).logits, atol=1e-5)  # an untrained adapter changes nothing
    train_a_little(wrapped, sentence)
    adapters.save(wrapped, tmp_path / "weights" / "adapter", "embedded")
    trained = net(input_ids=sentence).logits
    assert (trained - before).abs().max() > 0.1

    merged = adapters.merge(wrapped)
    assert type(merged) is Gemma4ForConditionalGeneration
    assert not adapters.targets(merged)
    assert torch.allclose(merged(input_ids=sentence).logits, trained, atol=2e-4)
    chained, _ = load(base, [tmp_path])
    assert torch.equal(chained(input_ids=sentence).logits, merged(input_ids=sentence).logits)
    stock = PeftModel.from_pretrained(load(base)[0], str(tmp_path / "weights" / "adapter")).eval()
    assert torch.allclose(stock(input_ids=sentence).logits, trained, atol=2e-4)  # PEFT itself reads the files


def test_merge_into_bfloat16_rounds_once(base: Model, sentence: torch.Tensor, tmp_path: Path) -> None:
    net, _ = load(base)
    wrapped = adapters.attach(net, adapter())
    train_a_little(wrapped, sentence)
    adapters.save(wrapped, tmp_path / "weights" / "adapter", "embedded")
    half = load(base)[0].to(torch.bfloat16)
    name = "model.language_model.layers.0.mlp.up_proj.weight"
    exact = load(base)[0]
    exact.get_parameter(name).data = half.get_parameter(name).data.float()
    exact = adapters.apply(exact, tmp_path / "weights" / "adapter")
    merged = adapters.apply(half, tmp_path / "weights" / "adapter")
    assert merged.get_parameter(name).dtype == torch.bfloat16
    assert torch.equal(merged.get_parameter(name), exact.get_parameter(name).to(torch.bfloat16))


def test_only_what_the_pattern_names_is_adapted(base: Model) -> None:
    language = adapters.targets(adapters.attach(load(base)[0], adapter()))
    audio = adapters.targets(adapters.attach(load(base)[0], adapter(audio_tower=AUDIO)))
    assert len(language) == 2 * 7 + 2 * 5  # the two layers that share keys and values have no k and v of their own
    assert all(name.startswith("model.language_model.layers.") for name in language)
    assert len(audio) == 3 * 10
    assert all(name.startswith("model.audio_tower.layers.") for name in audio)


@pytest.mark.parametrize(
    ("part", "pattern", "said"),
    [
        ("language_model", r".*nothing_here", "matches none of the model's linear layers, such as model.language_model"),
        ("language_model", r".*layers\.0\..*", "matches model.audio_tower.layers.0"),
        ("audio_tower", r".*audio_tower.*self_attn\.q_proj", "clips and takes no adapter"),
        ("vision_tower", r".*vision_tower.*\.linear", "it has no vision_tower"),
        ("language_model", r".*", "which is no layer of language_model"),
        ("language_model", r".*language_model\..*", "which is no linear layer"),
        ("language_model", r"(unclosed", "unterminated subpattern"),
    ],
)
def test_patterns_that_cannot_work_say_why(base: Model, part: str, pattern: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"adapter\.scope") as caught:
        adapters.attach(load(base)[0], adapter(**{"language_model": LANGUAGE, part: pattern}))
    assert said in str(caught.value)
    assert "inner .linear" in str(caught.value)


def test_adapter_weights_are_float32_and_alone_trainable(base: Model) -> None:
    net = load(base)[0].to(torch.bfloat16)
    wrapped = adapters.attach(net, adapter())
    trained = {name: p for name, p in wrapped.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora_" in name and p.dtype == torch.float32 for name, p in trained.items())
