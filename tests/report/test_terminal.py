from __future__ import annotations

import io

import pytest
from rich.console import Console

from gemma_audio.report.console import WIDE, _table

NAMES = ["v3-lr0.001", "v3-lr0.0001-" + "x" * 70]
HEADER = ["arm", "accuracy", "interval", "sound", "music", "speech", "strict", "per run", "runs", "n"]
ROWS = [
    [name, "61.2 %", "58.1 % to 64.0 %", "60.0 %", "61.0 %", "62.0 %", "61.2 %", "60.1 %, 62.3 %", "3", "480"] for name in NAMES
]


@pytest.mark.parametrize("width", [60, 80, 120, WIDE])
def test_no_character_of_a_table_is_lost(width: int) -> None:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(_table(None, HEADER, ROWS, width))
    wanted = "".join([*HEADER, *(cell for row in ROWS for cell in row)])
    assert sorted("".join(out.getvalue().split())) == sorted(wanted.replace(" ", ""))
    if width == WIDE:
        assert all(name in out.getvalue() for name in NAMES)


def test_short_names_stay_whole_at_80_columns() -> None:
    out = io.StringIO()
    Console(file=out, width=80, highlight=False).print(_table(None, HEADER, ROWS[:1], 80))
    assert "v3-lr0.001" in out.getvalue()
