from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from gemma_audio import world
from gemma_audio.config.schema import Data, Model
from gemma_audio.world.tiny import build_model

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A small random Gemma 4 in float32 whose language model drops attention weights when it trains."""
    folder = tmp_path_factory.mktemp("base")
    net, processor = build_model(5)
    net.save_pretrained(folder)
    processor.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["attention_dropout"] = 0.1
    (folder / "config.json").write_text(json.dumps(config))
    return Model(name="base", source=str(folder))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    world.build(Data(name="small", clips=30, dev_questions=0, test_questions=0), folder, 1)
    return folder
