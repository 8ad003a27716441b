"""Stand-ins for the rooms that train and evaluate: fast, deterministic, and able to fail on demand.

The sources of a stage's mix say what goes wrong in it: raise, kill, exit, hang, once (raise in the first attempt only), half
(stop after the second of three steps in the first attempt, and go on from there in the next).
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from gemma_audio.sweep.code import Code
from gemma_audio.sweep.rooms import Rooms

CODE = Code({"training/loss.py": "aaaa"}, {"evaluation/score.py": "bbbb"}, {"world/clip.py": "cccc"})
NAMES = """id task category subcategory difficulty dataset question choices answer method order text chosen logprobs
    correct_official correct_strict failure"""
COLUMNS = NAMES.split()
METRICS = ("step", "stage", "loss", "lr", "grad_norm", "tokens_per_second", "memory_gb")
ITEMS = 60


def note(into: Path, line: str) -> None:
    """Append a line to the list of calls beside the store's folders."""
    with (into.parent / "calls.log").open("a") as file:
        file.write(line + "\n")


def data_identity(data: Any, plugins: Any) -> dict[str, Any]:
    return {"world": 1, "seed": data.seed, "clips": data.clips, "dev": data.dev_questions, "test": data.test_questions}


def data_build(data: Any, into: Path, workers: int, plugins: Any) -> None:
    note(into, "world")
    (into / "clips.bin").write_bytes(bytes(range(256)) * 10)


def data_problems(config: Any) -> list[Any]:
    return []  # a stage's sources say what goes wrong in it


def model_identity(model: Any) -> dict[str, Any]:
    return {"source": model.source, "sha256": "0" * 64}


def model_files(model: Any) -> None:
    pass  # the sources are no places


def evaluation_identity(evaluation: Any, data: dict[str, Any] | None) -> dict[str, Any]:
    return {"benchmark": str(evaluation.benchmark), "data": data, "method": str(evaluation.method)}


def train(stage: Any, *, chain: Any, into: Path, log: Any, progress: Any, **work: Any) -> dict[str, Any]:
    note(into, f"train {stage.name} seed{stage.seed} on {[path.name.rsplit('-', 1)[0] for path in chain]}")
    (into / "checkpoints").mkdir(exist_ok=True)
    (into / "checkpoints" / f"attempt-{time.time_ns()}").write_text("x")
    print("a library prints this")
    misbehave(stage.mix.sources, into)
    write_steps(stage, into, log, progress, probed=work.get("probe") is not None)
    (into / "weights").mkdir(exist_ok=True)
    digest = hashlib.sha256(f"{stage.name}{stage.seed}{stage.optim.lr}{[path.name for path in chain]}".encode()).hexdigest()
    (into / "weights" / "delta.safetensors").write_text(digest)
    return {"seconds": 4321.5}


def write_steps(stage: Any, into: Path, log: Any, progress: Any, probed: bool) -> None:
    """Three steps, logged and in metrics.csv as the true training does it; an attempt goes on after the rows of the last one.

    With a probe also its accuracy, step / 4, from step 0 on, logged after the step and in probes.csv.
    """
    path = into / "metrics.csv"
    done = len(path.read_text().splitlines()) - 1 if path.exists() else 0
    half = "half" in stage.mix.sources and not done
    if probed and not done:
        write_probe(into, log, 0)
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([METRICS] * (not done))
        for step in range(done + 1, 3 if half else 4):
            figures = dict(zip(METRICS[2:], (1 / step, 0.1, 1.0, 100.0, 0.5), strict=True))
            writer.writerow([step, stage.name, *figures.values()])
            file.flush()
            log(step, figures)
            progress(step, 3, figures)
            if probed:
                write_probe(into, log, step)
    if half:
        raise RuntimeError("stopped half-way")


def write_probe(into: Path, log: Any, step: int) -> None:
    with (into / "probes.csv").open("a", newline="") as file:
        csv.writer(file).writerows([("step", "n", "accuracy", "Bin 0")] * (step == 0) + [(step, 4, step / 4, step / 4)])
    log(step, {"dev/accuracy": step / 4})


def misbehave(how: list[str], into: Path) -> None:
    if "raise" in how or ("once" in how and len(list((into / "checkpoints").iterdir())) == 1):
        raise RuntimeError("the loss is not finite")
    if "kill" in how:
        os.kill(os.getpid(), signal.SIGKILL)
    if "exit" in how:
        os._exit(0)
    if "hang" in how:
        note(into, f"hanging {os.getpid()}")
        time.sleep(600)


def evaluate(evaluation: Any, *, chain: Any, into: Path, progress: Any, **work: Any) -> dict[str, Any]:
    note(into, f"evaluate {[path.name.rsplit('-', 1)[0] for path in chain]}")
    weights = "".join((path / "weights" / "delta.safetensors").read_text() for path in chain) or "base"
    rows = [_row(number, weights) for number in range(ITEMS)]
    with (into / "scores.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    share = sum(row["correct_strict"] for row in rows) / ITEMS
    benchmark = {"name": "fake", "sha256": "1" * 64, "revision": "1", "n": ITEMS, "rejected": [], "missing": []}
    summary = {"benchmark": benchmark, "accuracy": {"official": share, "strict": share}}
    (into / "summary.json").write_text(json.dumps(summary))
    (into / "predictions.jsonl").write_text("{}\n")
    return summary


def _row(number: int, weights: str) -> dict[str, Any]:
    right = int(hashlib.sha256(f"{weights}{number}".encode()).digest()[0] < 150)
    fixed = {
        "category": "Reasoning", "difficulty": "easy", "dataset": "fake", "question": "Which?", "choices": '["a", "b"]',
        "answer": "a", "method": "option_text", "order": "[0, 1]", "logprobs": "[-1.0, -2.0]", "failure": "",
    }  # fmt: skip
    mine = {"id": f"q{number}", "task": ("sound", "music", "speech")[number % 3], "subcategory": f"Bin {number % 3}"}
    text = "a" if right else "b"
    return {**fixed, **mine, "text": text, "chosen": 1 - right, "correct_official": right, "correct_strict": right}


def code(plugins: Any = ()) -> Code:
    return CODE


ROOMS = Rooms(
    data_identity, data_build, model_identity, evaluation_identity, train, evaluate, code, (), data_problems, model_files
)

if __name__ == "__main__":  # the command line with these rooms, for tests that need a process of its own
    import fake_rooms

    from gemma_audio.cli.main import main

    sys.exit(main(["gemma-audio", *sys.argv[1:]], fake_rooms.ROOMS))
