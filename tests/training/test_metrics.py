from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gemma_audio.errors import GemmaAudioError
from gemma_audio.training.metrics import COLUMNS, Metrics


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


OLD = "step,stage,loss,lr,grad_norm,tokens_per_second"
NEW = OLD + ",memory_gb"


@pytest.mark.parametrize(("header", "tail", "memory"), [(OLD, "", ""), (NEW, ",0.25", "0.25")])
def test_a_run_that_goes_on_keeps_its_rows(tmp_path: Path, header: str, tail: str, memory: str) -> None:
    """Also a file from before there was a column for memory; rows after the checkpoint and a torn one go."""
    path = tmp_path / "m.csv"
    path.write_text(f"{header}\n" + "".join(f"{step},tune,0.5,0.1,1,100{tail}\n" for step in (1, 2, 3)) + "4,tune,0.")
    heard: list[tuple[int, dict[str, float]]] = []
    metrics = Metrics(path, "tune", 2, 9, lambda step, figures: heard.append((step, figures)), lambda *_: None)
    metrics.record(3, torch.tensor(0.25), 0.1, torch.tensor(1.0), 5)
    metrics.flush()
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert [row["memory_gb"] for row in rows[:2]] == [memory] * 2
    assert [step for step, _ in heard] == [3]
    assert heard[0][1] == pytest.approx({name: float(rows[2][name]) for name in COLUMNS[2:]}, rel=1e-5)


FORKED = """import os, numpy, torch
from gemma_audio.training.metrics import peak_memory_gb
if child := os.fork():
    os._exit(os.waitpid(child, 0)[1])
del (block := [numpy.ones(100_000_000, dtype="int8")])[:]
print(peak_memory_gb(torch.device("cpu")), open("/proc/self/status").read().split("VmHWM:")[1].split()[0], flush=True)
os._exit(0)"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_memory_is_the_peak_of_a_forked_process_in_gigabytes() -> None:
    """Forked as cells are: what is started anew begins with the peak of the process that started it."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    said, kernel = done.stdout.split()
    assert float(said) == pytest.approx(1024 * int(kernel) / 1e9, rel=0.02)
    assert float(said) > 0.1
