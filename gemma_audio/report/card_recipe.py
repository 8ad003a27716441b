"""The training behind a run, from the sealed stage folders themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gemma_audio.report.card_subject import Subject
from gemma_audio.report.cell import read_object
from gemma_audio.report.scores import DamagedFile

LEVELS = 5  # how many folders up from a run's the store is looked for


def stages(subject: Subject) -> list[dict[str, Any]]:
    """One entry per stage: name, fingerprint, steps, seconds, what it trained, settings in words, prompts, sources and data.

    What is not known, where the store has gone, is empty; steps and rates then come from result.json as far as it has them.
    """
    return [_stage(subject.sweep.folder, recorded) for recorded in subject.run.stages]


def sources(trained: list[dict[str, Any]]) -> list[str]:
    """Every source of examples that the stages name."""
    return sorted({source for stage in trained for source in stage["sources"]})


def _stage(folder: Path, recorded: dict[str, Any]) -> dict[str, Any]:
    body = _sealed(folder, f"{recorded.get('name')}-{recorded.get('fingerprint')}")
    settings = body.get("stage") or {}
    prompts: dict[str, list[str]] = (settings.get("prompts") or {}).get("by_source") or {}
    mixed = (settings.get("mix") or {}).get("sources") or [source for source in prompts if source != "*"]
    return {
        **{key: recorded.get(key) for key in ("name", "fingerprint", "steps", "seconds")},
        "known": bool(settings),
        "settings": _settings(settings) if settings else _rates(recorded),
        "prompts": prompts,
        "sources": mixed,
        "data": body.get("data") or {},
        "method": (settings.get("adapter") or {}).get("method", ""),
    }


def sealed_folder(folder: Path, name: str) -> Path | None:
    """The sealed stage folder `name` in the nearest store above a run's `folder`; None where it is gone."""
    above = list(folder.resolve().parents)[:LEVELS]
    found = (parent / "store" / name for parent in above)
    return next((path for path in found if (path / "identity.json").exists()), None)


def _sealed(folder: Path, name: str) -> dict[str, Any]:
    """What the store says of a stage; {} where it is gone or cannot be read."""
    path = sealed_folder(folder, name)
    try:
        return dict(read_object(path / "identity.json").get("identity", {}).get("body") or {}) if path else {}
    except DamagedFile:
        return {}


def _settings(stage: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("objective", str(stage.get("objective"))),
        ("trained in full", ", ".join(map(str, stage.get("trains") or [])) or "nothing"),
        ("adapter", _adapter(stage.get("adapter") or {})),
        ("optimizer steps", str(stage.get("steps"))),
        ("examples per step", f"{stage.get('batch_size')} (in micro-batches of {stage.get('micro_batch_size')})"),
        *_optimizer(stage.get("optim") or {}),
        ("stage seed", str(stage.get("seed"))),
    ]


def _adapter(adapter: dict[str, Any]) -> str:
    if not adapter:
        return "none"
    method = {"dora": "DoRA", "lora": "LoRA"}.get(str(adapter.get("method")), str(adapter.get("method")))
    size = ", ".join(f"{key} {adapter.get(key)}" for key in ("rank", "alpha", "dropout"))
    scope = "; ".join(f"{part} {pattern}" for part, pattern in (adapter.get("scope") or {}).items())
    return f"{method}, {size}, on {scope}"


def _optimizer(optim: dict[str, Any]) -> list[tuple[str, str]]:
    parts = ", ".join(f"{part} {rate:g}" for part, rate in (optim.get("lr_by_part") or {}).items())
    lr, floor = float(optim.get("lr", 0)), float(optim.get("min_lr_ratio", 0))
    schedule = f"linear over {optim.get('warmup_steps')} steps, then cosine to {lr * floor:g}"
    betas = f"({optim.get('beta1')}, {optim.get('beta2')})"
    rule = f"AdamW, betas {betas}, weight decay {optim.get('weight_decay')}, gradient clipped at {optim.get('grad_clip')}"
    return [("learning rate", f"{lr:g}" + (f"; {parts}" if parts else "")), ("schedule", schedule), ("optimizer", rule)]


def _rates(recorded: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [("optimizer steps", str(recorded["steps"]))] if recorded.get("steps") is not None else []
    if recorded.get("lr") is not None:
        parts = ", ".join(f"{part} {rate:g}" for part, rate in (recorded.get("lr_by_part") or {}).items())
        rows.append(("learning rate", f"{recorded['lr']:g}" + (f"; {parts}" if parts else "")))
    return rows
