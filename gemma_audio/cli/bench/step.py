"""One optimizer step of a scaled E4B on a CPU: every saving, against the stack as it is usually put together."""

from __future__ import annotations

from copy import deepcopy
from statistics import median
from typing import Any

import torch

from gemma_audio.cli.bench.clock import agree, once
from gemma_audio.cli.bench.figure import Bound, Figure, seconds
from gemma_audio.cli.bench.setting import Setting
from gemma_audio.config.kinds import AdapterMethod
from gemma_audio.config.schema import Adapter, Savings, Stage
from gemma_audio.data.collate import IGNORED
from gemma_audio.training.loss import answer_loss
from gemma_audio.training.trainables import Trainables

WIDTH, LAYERS, SHARED, WORDS, TOKENS, ANSWER, MICRO_BATCHES = 768, 14, 6, 32768, 384, 16, 2
SCOPE = {"language_model": r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"}
NONE = Savings(name="none", supervised_logits=False, shared_kv_pruning=False)
ALL = Savings(name="all", factored_dora=True)


def whole(setting: Setting) -> list[Figure]:
    """Two micro-batches of one row forward and backward, then AdamW; no dropout, layers checkpointed, ways timed alternately."""
    net, tokens = _net(setting.size(WIDTH, 96)), setting.size(TOKENS, 48)
    ways = {
        "fast": _Step(deepcopy(net), ALL, tokens, autocast=True),
        "bf16": _Step(deepcopy(net), NONE, tokens, adapter=torch.bfloat16),
        "default": _Step(net, NONE, tokens),
    }
    losses = {name: way() for name, way in ways.items()}
    for name in ("bf16", "default"):
        agree(losses["fast"], losses[name], tolerance=0.02)
    times = [{name: once(way).cpu for name, way in ways.items()} for _ in range(setting.size(3))]
    return [
        _figure("step to stock in bf16", times, "bf16", 2.0, "PEFT's DoRA with adapters in bfloat16, logits at every position"),
        _figure("step to stock in PEFT's dtypes", times, "default", 3.0, "the same with PEFT's adapters, which are in float32"),
    ]


def _figure(name: str, times: list[dict[str, float]], slow: str, least: float, note: str) -> Figure:
    ratio = median(row[slow] / row["fast"] for row in times)
    took = [seconds(median(row[way] for row in times)) for way in ("fast", slow)]
    return Figure(
        name, ratio, "x", Bound(least, least=True), f"{took[0]} for {took[1]} CPU: every saving in bf16-mixed, or {note}"
    )


class _Step:
    """One optimizer step; without savings, by the loss that transformers takes itself."""

    def __init__(
        self, net: Any, savings: Savings, tokens: int, *, adapter: torch.dtype = torch.float32, autocast: bool = False
    ) -> None:
        self.savings, self.autocast = savings, autocast
        self.trainables = Trainables(net, _stage(), savings)
        trained = [parameter for parameter in self.trainables.net.parameters() if parameter.requires_grad]
        torch.manual_seed(1)
        for parameter in trained:  # B is 0 at the start, and would make nothing of A
            parameter.data = (parameter.data + 0.01 * torch.randn(parameter.shape)).to(adapter)
        self.optimizer = torch.optim.AdamW(trained, lr=0.0)
        self.trainables.norms.watch(self.optimizer)
        self.batch = _batch(tokens, net.config.get_text_config().vocab_size)
        self.trainables.net.train()

    def __call__(self) -> list[float]:
        losses = [self._micro_batch() for _ in range(MICRO_BATCHES)]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return losses

    def _micro_batch(self) -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            loss = self._loss()
        torch.autograd.backward(loss)
        return float(loss.detach())

    def _loss(self) -> torch.Tensor:
        base = self.trainables.base
        if self.savings is ALL:
            return answer_loss(base, self.batch, torch.device("cpu"), self.savings) / (ANSWER - 1)
        loss: torch.Tensor = base(**self.batch, use_cache=False).loss
        return loss


def _net(width: int) -> Any:
    """Gemma 4's classes with E4B's proportions: layers of both kinds, shared keys and values, per-layer inputs; no tower."""
    from transformers import Gemma4Config, Gemma4ForConditionalGeneration

    kinds = (["sliding_attention"] * 3 + ["full_attention"]) * 3 + ["sliding_attention", "full_attention"]
    text: dict[str, Any] = {
        "vocab_size": WORDS, "vocab_size_per_layer_input": WORDS, "hidden_size": width, "intermediate_size": 4 * width,
        "num_hidden_layers": LAYERS, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": width // 8,
        "global_head_dim": width // 4, "num_kv_shared_layers": SHARED, "hidden_size_per_layer_input": 64, "layer_types": kinds,
        "sliding_window": 512, "final_logit_softcapping": 30.0, "use_double_wide_mlp": False,
    }  # fmt: skip
    config = Gemma4Config(text_config=text, audio_config=None, vision_config=None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Gemma4ForConditionalGeneration._from_config(config, dtype=torch.bfloat16)


def _stage() -> Stage:
    adapter = Adapter(name="dora_lm", method=AdapterMethod.dora, rank=32, alpha=64, dropout=0.0, scope=SCOPE)
    return Stage(
        name="step", objective="qa", adapter=adapter, checkpointing=True, steps=1, batch_size=1, micro_batch_size=1, seed=0
    )  # fmt: skip


def _batch(tokens: int, words: int) -> dict[str, torch.Tensor]:
    ids = torch.randint(500, words, (1, tokens), generator=torch.Generator().manual_seed(5))
    labels = ids.clone()
    labels[:, : 1 - ANSWER] = IGNORED
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
