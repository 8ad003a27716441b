"""The same cases on fake tensors: memory and FLOPs of a micro-batch of E4B, computed anywhere, without a byte allocated."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tabulate import tabulate
from torch import Tensor

from gemma_audio.cli.gpu.case import cases
from gemma_audio.config.compose import load_config
from gemma_audio.config.schema import Config, Savings
from gemma_audio.data.collate import collate
from gemma_audio.sweep.provenance import versions
from gemma_audio.training import fake_step, memory_plan
from gemma_audio.training.fake_step import Shape

ROWS, TOKENS, SOUND, ANSWER, CAPTION = 4, 900, 750, 32, 100
HEADER = ("case", "step GB", "in all GB", "TFLOP", "operations")
ADAPTER = ("recipe=v3", "recipe.stages.adapter.checkpointing=true")
ENCODER = ("recipe=v2", "recipe.stages.encoder.checkpointing=true")


@dataclass(frozen=True)
class Budget:
    """10^9 bytes at the peak of a step beside what is kept, and with weights, gradients and optimizer; 10^12 FLOPs."""

    case: str
    step_gb: float
    all_gb: float
    tflop: float
    operations: int


def budgets() -> Iterator[Budget]:
    """Stage 2 at 4 x 900 tokens by case, without recomputing, and stage 1 at 30 s."""
    for case in cases():
        yield budget(case.name, config(case.savings, ADAPTER, case.dropout), "adapter", ANSWER, stock_loss=case.stock_loss)
    every = list(cases())[-1].savings
    yield budget("all, dropout 0, nothing recomputed", config(every, ADAPTER[:1], 0.0), "adapter", ANSWER)
    yield budget("stage 1, tower in float32, 30 s", config(every, ENCODER), "encoder", CAPTION)


def config(savings: Savings, words: Sequence[str], dropout: float | None = None) -> Config:
    """E4B on a GPU trainer with these savings, and a recipe's settings."""
    adapter = [] if dropout is None else [f"recipe.stages.adapter.adapter.dropout={dropout}"]
    made = load_config("model=gemma4_e4b_random", "trainer=gpu", *words, *adapter)
    made.trainer.savings = savings
    return made


def budget(name: str, config: Config, key: str, answer: int, *, stock_loss: bool = False) -> Budget:
    """Compute one row."""
    stage, trainer = config.recipe.stages[key], config.trainer
    case = memory_plan.Case(config.model, stage, trainer, config.evaluation, Shape(ROWS, TOKENS, SOUND, answer))
    loss = _stock if stock_loss else None
    cost = fake_step.train(case.net(), stage, trainer.savings, case.shape, mixed=case.mixed, loss=loss)
    kept = memory_plan.total(memory_plan.static(case)) - memory_plan.CONTEXT
    return Budget(name, cost.peak / 1e9, (kept + cost.peak) / 1e9, cost.flops / 1e12, cost.operations)


def write_results(out: Path) -> str:
    """Compute all rows, write budget.json and budget.md into the folder `out`, and return the table."""
    rows = []
    for row in budgets():
        print(f"{row.case}: {row.all_gb:.1f} GB", file=sys.stderr, flush=True)
        rows.append(row)
    out.mkdir(parents=True, exist_ok=True)
    (out / "budget.json").write_text(json.dumps(document(rows), indent=1) + "\n")
    (out / "budget.md").write_text(table(rows) + "\n")
    return table(rows)


def table(rows: Sequence[Budget], style: str = "pipe") -> str:
    """The rows in one of tabulate's styles."""
    cells = [(r.case, f"{r.step_gb:.2f}", f"{r.all_gb:.1f}", f"{r.tflop:.1f}", r.operations) for r in rows]
    return tabulate(cells, headers=HEADER, tablefmt=style, disable_numparse=True)


def document(rows: Sequence[Budget]) -> dict[str, Any]:
    """What the JSON file holds."""
    shape = {"rows": ROWS, "tokens": TOKENS, "sound": SOUND}
    made = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "versions": versions()}
    return {"schema": 1, **made, "shape": shape, "rows": [asdict(row) for row in rows]}


def _stock(module: Any, rows: Any) -> Tensor:
    """The loss as transformers computes it: logits of every position, in float32."""
    loss: Tensor = module.net(**collate(rows, 0, "left"), use_cache=False).loss
    return loss
