from __future__ import annotations

import pytest
import torch

from gemma_audio.config.schema import Model
from gemma_audio.world.tiny import build_model

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A small random Gemma 4 in float32, saved as a local folder."""
    folder = tmp_path_factory.mktemp("base")
    net, processor = build_model(7)
    net.save_pretrained(folder)
    processor.save_pretrained(folder)
    return Model(name="base", source=str(folder))


@pytest.fixture
def sentence() -> torch.Tensor:
    return torch.tensor([[2, 300, 301, 302, 303, 310, 320], [2, 305, 306, 307, 308, 309, 330]])
