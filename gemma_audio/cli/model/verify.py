"""`verify`: the checks of an export as a table."""

from __future__ import annotations

from pathlib import Path

from gemma_audio.models.export.verify import Check, record, verify

SHOWN = 5


def print_checks(folder: Path) -> bool:
    """Print a line per check, and what is wrong under it; returns whether all hold."""
    checks = verify(folder)
    for check in checks:
        print("\n".join(_lines(check)))
    whole = record(folder, checks)
    print(f"{folder}: verified" if whole else f"{folder}: NOT verified; export it again, or restore the files that have changed")
    return whole


def _lines(check: Check) -> list[str]:
    first = f"{'FAILED' if check.wrong else 'ok':<7}{check.name:<15}{'' if check.wrong else check.said}".rstrip()
    more = [f"{'':<22}and {len(check.wrong) - SHOWN} more"] if len(check.wrong) > SHOWN else []
    return [first, *(f"{'':<22}{wrong}" for wrong in check.wrong[:SHOWN]), *more]
