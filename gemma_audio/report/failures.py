"""Cells that did not finish: what went wrong, in which stage, the end of the log, what to type next."""

from __future__ import annotations

import shlex
from typing import Any

HEADER = ["cell", "stage", "cause", "log"]


def failure_table(comparison: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the failed cells; paths of logs are relative to the sweep's folder."""
    return HEADER, [[cell["name"], cell["stage"] or "-", cell["reason"], cell["log"]] for cell in comparison["cells"]["failed"]]


def missing_table(comparison: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the cells that have no result yet."""
    return ["cell", "state"], [[cell["name"], cell["reason"]] for cell in comparison["cells"]["missing"]]


def next_step(comparison: dict[str, Any]) -> str:
    """What to type to have the unfinished cells finished; empty where there are none."""
    cells, command = comparison["cells"], comparison["sweep"]["command"]
    if not cells["failed"] and not cells["missing"]:
        return ""
    typed = f": {shlex.join(map(str, command))}" if command else ""
    how = "what is finished is reused, a half-trained stage goes on from its last checkpoint"
    return f"To go on, type the same command again ({how}){typed}"
