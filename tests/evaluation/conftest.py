from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemma_audio.config.kinds import BenchmarkKind, Method
from gemma_audio.config.schema import Evaluation


@pytest.fixture
def evaluation() -> Callable[..., Evaluation]:
    def make(**changes: Any) -> Evaluation:
        plain: dict[str, Any] = {
            "name": "fixture",
            "benchmark": BenchmarkKind.mmau,
            "method": Method.option_text,
            "prompt": "{question}\n{choices}",
            "choice": "({letter}) {text}",
            "separator": "\n",
            "batch_size": 4,
            "max_new_tokens": 6,
        }
        return Evaluation(**{**plain, **changes})

    return make


@pytest.fixture(scope="session")
def mmau_folder() -> Path:
    """MMAU's own annotation file and one genuine clip, which this repository does not hold."""
    shared = Path(os.environ.get("GEMMA_AUDIO_SHARED", Path(__file__).parents[3] / "shared")) / "mmau"
    if not (shared / "mmau-test-mini.json").exists():
        pytest.skip("MMAU's file is not here: set GEMMA_AUDIO_SHARED to a folder that holds mmau/mmau-test-mini.json")
    return shared


@pytest.fixture(scope="session")
def tiny() -> tuple[Any, Any]:
    """An untrained tiny Gemma 4 (fp32) whose sliding window is shorter than its prompts, and its encoder."""
    from transformers import Gemma4ForConditionalGeneration

    from gemma_audio.data.encoder import Encoder
    from gemma_audio.world.tiny import build_config, build_processor
    from gemma_audio.world.tokenizer import build_tokenizer

    torch = pytest.importorskip("torch")
    tokenizer = build_tokenizer()
    config = build_config(tokenizer)
    config.text_config.sliding_window = 24
    torch.manual_seed(3)
    model = Gemma4ForConditionalGeneration(config).eval()
    return model, Encoder(build_processor(tokenizer, clips=8))
