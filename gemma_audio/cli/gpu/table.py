"""The measurements as a table and a document: every row beside the stock stack of the same run."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import torch
from tabulate import tabulate

from gemma_audio.cli.bench.table import processor
from gemma_audio.cli.gpu.step import Took
from gemma_audio.sweep.provenance import versions

HEADER = ("case", "sound", "s/step", "x", "tokens/s", "peak GB", "of the least work", "loss")


@dataclass(frozen=True)
class Row:
    """A measured case; `work` is the least number of FLOPs that the step needs, `baseline` the stock stack's seconds."""

    case: str
    seconds: float
    took: Took | None
    work: float | None = None
    baseline: float | None = None
    failure: str = ""

    @property
    def sound(self) -> str:
        """The length of the sounds, which differ where no one length was asked for."""
        return f"{self.seconds:g} s" if self.seconds else "10-30 s"

    @property
    def times(self) -> float | None:
        return self.baseline / self.took.seconds if self.took and self.baseline else None

    def roofline(self, rate: float) -> float | None:
        """The share of the time that the least work would take at `rate` FLOPs a second."""
        return self.work / rate / self.took.seconds if self.took and self.work else None


def table(rows: Sequence[Row], rate: float, style: str = "pipe") -> str:
    """The rows in one of tabulate's styles; `rate` is what this device reaches in a large bfloat16 product."""
    return tabulate([_cells(row, rate) for row in rows], headers=HEADER, tablefmt=style, disable_numparse=True)


def document(rows: Sequence[Row], rate: float, device: torch.device, about: dict[str, Any]) -> dict[str, Any]:
    """What the JSON file holds."""
    cuda = device.type == "cuda"
    machine = {
        "device": torch.cuda.get_device_name(device) if cuda else processor(),
        "memory_gb": torch.cuda.get_device_properties(device).total_memory / 1e9 if cuda else None,
        "cpu": processor(),
        "python": platform.python_version(),
        "matmul_tflops": rate / 1e12,
    }
    figures = [asdict(row) | {"times": row.times, "roofline": row.roofline(rate)} for row in rows]
    made = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "versions": versions()}
    return {"schema": 1, **made, **machine, **about, "rows": figures}


def _cells(row: Row, rate: float) -> list[str]:
    if row.took is None:
        return [row.case, row.sound, row.failure, *[""] * 5]
    share = row.roofline(rate)
    return [
        row.case,
        row.sound,
        f"{row.took.seconds:.3g}",
        "" if row.times is None else f"{row.times:.2f}",
        f"{row.took.tokens_per_second:,.0f}",
        "-" if row.took.memory_gb is None else f"{row.took.memory_gb:.1f}",
        "" if share is None else f"{100 * share:.0f} %",
        "" if row.took.loss is None else f"{row.took.loss:.4f}",
    ]
