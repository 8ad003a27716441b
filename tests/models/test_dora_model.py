"""The fast product in a small Gemma 4 whose last layers share keys and values: PEFT's loss, gradients, files and switches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from dora_cases import distances, linear, wrapped
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from gemma_audio.config.kinds import AdapterMethod
from gemma_audio.config.schema import Adapter, Model
from gemma_audio.errors import ConfigError, GemmaAudioError
from gemma_audio.models import adapters, dora
from gemma_audio.models.dora.layer import FactoredDora
from gemma_audio.models.load import load

LANGUAGE = {"language_model": r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"}
AUDIO = {"audio_tower": r".*audio_tower\.layers\.\d+\..*\.linear", "projector": r".*embed_audio\.embedding_projection"}


def made(base: Model, *, dropout: float = 0.0, scope: dict[str, str] = LANGUAGE, method: str = "dora") -> Any:
    """PEFT's model with an adapter away from its start."""
    adapter = Adapter(name="a", method=AdapterMethod(method), rank=4, alpha=8, dropout=dropout, scope=scope)
    torch.manual_seed(4)
    model = adapters.attach(load(base)[0], adapter)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
            if "lora_magnitude" in name:
                parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
    return model.train()


def step(model: Any, ids: torch.Tensor, *, checkpointing: bool = False) -> dict[str, torch.Tensor]:
    net = model.get_base_model()
    if checkpointing:
        net.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        net.enable_input_require_grads()
    model.zero_grad(set_to_none=True)
    torch.manual_seed(9)
    loss = net(input_ids=ids, labels=ids, use_cache=False).loss
    loss.backward()
    return {"loss": loss.detach(), **{name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}}


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.05])
def test_loss_and_every_gradient(base: Model, sentence: torch.Tensor, dropout: float, checkpointing: bool) -> None:
    stock = step(made(base, dropout=dropout), sentence)
    model = made(base, dropout=dropout)
    norms = dora.install(model)
    norms.watch(torch.optim.AdamW([p for p in model.parameters() if p.requires_grad]))
    apart = distances(step(model, sentence, checkpointing=checkpointing), stock)
    assert len(apart) == 1 + 3 * (2 * 7 + 2 * 5)
    assert apart["loss"] <= 1e-6
    assert max(apart.values()) <= 1e-5
    assert norms.computed == len(norms.layers) == 2 * 7 + 2 * 5


def test_a_step_in_mixed_precision(base: Model, sentence: torch.Tensor) -> None:
    """A frozen base in bfloat16 with adapters in float32, against PEFT's in float32."""
    precise, stock, model = (made(base) for _ in range(3))
    for mixed in (stock, model):
        for parameter in mixed.parameters():
            parameter.data = parameter.data if parameter.requires_grad else parameter.data.bfloat16()
    dora.install(model)
    exact = step(precise, sentence)
    with torch.autocast("cpu", torch.bfloat16):
        theirs, ours = (distances(step(each, sentence), exact) for each in (stock, model))
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}
    assert sum(ours.values()) <= 1.25 * sum(theirs.values())


def test_sound_through_the_towers_clipped_layers(base: Model) -> None:
    sound = torch.randn(2, 90, 64, generator=torch.Generator().manual_seed(3))

    def heard(model: Any) -> dict[str, torch.Tensor]:
        net = model.get_base_model()
        out = net.model.embed_audio(net.model.audio_tower(sound, torch.ones(2, 90, dtype=torch.bool)).last_hidden_state)
        out.square().sum().backward()
        return {"out": out.detach(), **{n: p.grad for n, p in model.named_parameters() if p.grad is not None}}

    model = made(base, scope=AUDIO)
    assert len(dora.install(model).layers) == 3 * 10 + 1
    apart = distances(heard(model), heard(made(base, scope=AUDIO)))
    assert len(apart) == 1 + 3 * (3 * 10 + 1)
    assert max(apart.values()) <= 1e-5


def test_peft_loads_what_it_saves_and_merges_what_it_trained(base: Model, sentence: torch.Tensor, tmp_path: Path) -> None:
    model = made(base, dropout=0.05)
    norms = dora.install(model)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2, fused=True)
    norms.watch(optimizer)
    for _ in range(2):
        step(model, sentence)
        optimizer.step()
    adapters.save(model, tmp_path, "embedded")
    trained = model.eval()(input_ids=sentence).logits
    stock = PeftModel.from_pretrained(load(base)[0], str(tmp_path)).eval()
    assert not any(isinstance(module, FactoredDora) for module in stock.modules())
    assert torch.allclose(stock(input_ids=sentence).logits, trained, atol=2e-4)
    merged = adapters.merge(model)
    assert not any(isinstance(module, FactoredDora) for module in merged.modules())
    assert torch.allclose(merged(input_ids=sentence).logits, trained, atol=2e-4)


def test_pefts_switches(base: Model, sentence: torch.Tensor) -> None:
    plain = load(base)[0](input_ids=sentence).logits
    model = made(base).eval()
    dora.install(model)
    adapted = model(input_ids=sentence).logits
    with model.disable_adapter():
        assert torch.equal(model(input_ids=sentence).logits, plain)
    assert torch.equal(model(input_ids=sentence).logits, adapted)
    model.merge_adapter()
    assert torch.allclose(model(input_ids=sentence).logits, adapted, atol=2e-4)
    model.unmerge_adapter()
    assert torch.allclose(model(input_ids=sentence).logits, adapted, atol=2e-4)


def test_generation_without_merging(base: Model, sentence: torch.Tensor) -> None:
    given: dict[str, Any] = {"input_ids": sentence, "max_new_tokens": 6, "do_sample": False, "pad_token_id": 0}
    stock = made(base).eval().get_base_model().generate(**given)
    model = made(base).eval()
    norms = dora.install(model)
    with torch.inference_mode():
        assert torch.equal(model.get_base_model().generate(**given), stock)
    assert norms.computed == len(norms.layers)


def test_lora_stays_as_it_is(base: Model, sentence: torch.Tensor) -> None:
    model, stock = made(base, method="lora"), made(base, method="lora")
    assert dora.install(model).layers == []
    assert max(distances(step(model, sentence), step(stock, sentence)).values()) == 0.0


def test_what_is_not_covered_is_refused() -> None:
    two = wrapped(linear(8, 4))
    two.add_adapter("second", LoraConfig(r=2, target_modules=["lin"], use_dora=True))
    odd = linear(8, 4)
    odd.register_forward_hook(lambda *_: None)
    refused = {
        "Conv1d": wrapped(nn.Conv1d(8, 4, 1)),
        "Embedding": wrapped(nn.Embedding(8, 4)),
        "2 adapters": two,
        "hooks": wrapped(odd),
    }
    for reason, model in refused.items():
        with pytest.raises(ConfigError, match=rf"lin is .*{reason}") as caught:
            dora.install(model)
        assert "trainer.savings.factored_dora=false" in str(caught.value)


def test_another_adapter_in_the_middle_is_refused() -> None:
    model = wrapped(linear(8, 4))
    dora.install(model)
    model.add_adapter("second", LoraConfig(r=2, target_modules=["lin"], use_dora=True))
    model(torch.randn(2, 8))
    model.set_adapter("second")
    with pytest.raises(GemmaAudioError, match="second"):
        model(torch.randn(2, 8))


def test_tensors_without_values_are_no_obstacle() -> None:
    """Fake and meta tensors have norms, and no guard that could be looked at."""
    with torch.device("meta"):
        model = get_peft_model(nn.Sequential(nn.Linear(8, 4)), LoraConfig(r=2, target_modules=["0"], use_dora=True))
        dora.install(model)
        model(torch.randn(2, 8)).sum().backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
