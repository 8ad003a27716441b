from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from gemma_audio.errors import GemmaAudioError
from gemma_audio.training.metrics import Metrics


@pytest.mark.parametrize(("loss", "norm", "said"), [("nan", "1", "loss of step 2 is nan"), ("1", "inf", "norm of step 2 is inf")])
def test_what_is_not_finite_is_written_named_and_goes_no_further(tmp_path: Path, loss: str, norm: str, said: str) -> None:
    heard: list[int] = []
    metrics = Metrics(tmp_path / "m.csv", "tune", 0, 9, lambda step, _: heard.append(step), lambda *_: None)
    for step, figures in ((1, ("1", "1")), (2, (loss, norm)), (3, ("1", "1"))):
        value, length = (torch.tensor(float(figure)) for figure in figures)
        metrics.record(step, value, 0.1, length, 5)
    with pytest.raises(GemmaAudioError, match=rf"stage tune: the .*{said}; lower optim\.lr"):
        metrics.flush()
    assert heard == [1]
    with (tmp_path / "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["loss"], row["grad_norm"]) for row in rows] == [("1", "1"), (loss, norm), ("1", "1")]
