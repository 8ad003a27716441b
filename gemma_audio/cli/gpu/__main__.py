"""`python -m gemma_audio.cli.gpu`: what E4B costs on this machine's GPU, with random weights; `--quick` tries it on a CPU."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gemma_audio.config.allocator import expand_segments
from gemma_audio.files import read_object

if TYPE_CHECKING:
    from gemma_audio.cli.gpu.table import Row

NO_GPU = "gemma-audio: no CUDA device here; take --quick to try the way on a CPU, or a machine with a GPU"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table and write table.md and cost.json (or budget.*); 2 where there is no GPU."""
    asked = _parser().parse_args(arguments)
    expand_segments(os.environ)
    if asked.budget:
        from gemma_audio.cli.gpu.budget import write_results

        print(write_results(asked.out))
        return 0
    import torch

    if not asked.quick and not torch.cuda.is_available():
        print(NO_GPU, file=sys.stderr)
        return 2
    from gemma_audio.cli.gpu import table
    from gemma_audio.cli.gpu.measure import known, matmul_rate, measure
    from gemma_audio.cli.gpu.subject import Subject

    keys = asked.only or known()
    if unknown := [key for key in keys if key not in known()]:
        print(f"gemma-audio: --only {unknown[0]} is unknown; known are {', '.join(known())}", file=sys.stderr)
        return 2
    if left_out := _others(asked.out / "cost.json", keys):
        print(
            f"gemma-audio: {asked.out} holds measurements of {left_out}, which this would overwrite; take another --out",
            file=sys.stderr,
        )
        return 2
    sizes = {"batch": 2, "micro": 1} if asked.quick else {}
    subject = Subject(torch.device("cpu" if asked.quick else "cuda"), asked.quick, **sizes)
    rate = matmul_rate(subject.device, asked.quick)
    asked.out.mkdir(parents=True, exist_ok=True)
    about = {
        "quick": asked.quick,
        "batch": subject.batch,
        "micro_batch": subject.micro,
        "questions": asked.questions,
        "measured": keys,
    }
    rows: list[Row] = []
    for row in _shown(measure(subject, keys, asked.seconds, asked.repeats, asked.questions)):
        rows.append(row)  # written after each: a run that is cut short leaves what it measured
        (asked.out / "cost.json").write_text(json.dumps(table.document(rows, rate, subject.device, about), indent=1) + "\n")
        (asked.out / "table.md").write_text(table.table(rows, rate) + "\n")
    print(table.table(rows, rate, "simple"))
    print(asked.out / "cost.json")
    return 0


def _others(document: Path, keys: list[str]) -> str:
    """What a document of an earlier run holds besides `keys`."""
    return ", ".join(key for key in read_object(document).get("measured", []) if key not in keys)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m gemma_audio.cli.gpu", description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[30.0, 20.0, 10.0], help="lengths of the sounds")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="stock, any saving's name, all_dropout_0, stage_1, questions")
    parser.add_argument("--repeats", type=_count, default=3, help="optimizer steps that are timed, after one that warms up")
    parser.add_argument("--questions", type=_count, default=1000, help="questions that are answered")
    parser.add_argument("--out", type=Path, default=Path("outputs/gpu"), help="where table.md and cost.json go")
    parser.add_argument(
        "--quick", action="store_true", help="the small untrained model on the CPU: shows that it runs, not how fast"
    )
    parser.add_argument("--budget", action="store_true", help="memory and FLOPs on fake tensors instead, which needs no GPU")
    return parser


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is not allowed; one at least")
    return number


def _shown(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        told = f"{row.took.seconds:.3g} s" if row.took else row.failure
        print(f"{row.case}, sound of {row.sound}: {told}", file=sys.stderr, flush=True)
        yield row


if __name__ == "__main__":
    sys.exit(main())
