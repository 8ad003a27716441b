"""The metadata of a model card, as the Hub reads it."""

from __future__ import annotations

import re
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from gemma_audio.report.text import plain

TASK, TASK_NAME = "audio-text-to-text", "Multiple-choice audio question answering"
TAGS = ["audio", "audio-question-answering", "gemma_audio"]
HUB_NAMES = {
    "mmau": ("gamma-lab-umd/MMAU-test-mini", "MMAU test-mini"),
    "embedded": ("gemma_audio-embedded", "gemma_audio's embedded world"),
}


def metadata(view: dict[str, Any]) -> ModelCardData:
    """Licence, base and model-index with the reported run's accuracy overall and by domain; text is flattened to single lines."""
    base = view["base"]
    return ModelCardData(
        language="en",
        license=view["licence"].identifier,
        license_name="see-card" if view["licence"].identifier == "other" else None,
        base_model=plain(base["source"], 96) if base["on_hub"] else None,
        library_name="transformers",
        pipeline_tag=TASK,
        tags=[*TAGS, *(["synthetic-data"] if view["synthetic"] else [])],
        metrics=["accuracy"],
        model_name=view["name"],
        eval_results=[_result(view, level) for level in view["levels"]],
    )


def slug(text: str) -> str:
    """Text as a name that the Hub takes: letters, digits, dots, dashes and underscores."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", plain(text, 80)).strip("-.") or "model"


def _result(view: dict[str, Any], level: dict[str, Any]) -> EvalResult:
    benchmark = view["benchmark"]
    identifier, name = HUB_NAMES.get(view["kind"], (slug(str(benchmark["name"])), plain(str(benchmark["name"]), 80)))
    domain = level["name"]
    return EvalResult(
        task_type=TASK,
        task_name=TASK_NAME,
        dataset_type=identifier,
        dataset_name=name,
        dataset_split=plain(view["split"], 40) or None,
        dataset_args={"sha256": str(benchmark["sha256"]), "revision": plain(str(benchmark["revision"]), 80)},
        metric_type="accuracy",
        metric_name="Accuracy (MMAU's official rule)" + (f", {plain(domain, 40)}" if domain else ""),
        metric_value=round(level["accuracy"], 4),
        metric_args={
            "n": level["n"],
            "correct": level["correct"],
            "interval": [round(end, 4) for end in level["interval"]],
            "confidence": view["confidence"],
            "method": "wilson",
        },
    )
