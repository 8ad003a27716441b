"""The running cells as a table at the bottom of a terminal; whatever is printed meanwhile goes above it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gemma_audio.sweep.progress import Doing, Progress

PER_SECOND = 2  # redraws
BAR = 16  # columns of a bar, where the window has room for it
ROOM = 100  # columns that are room enough
NUMBERS = {"step": 11, "loss": 6, "tokens/s": 8}  # the least widths of the columns that are never cut
LEAST = 10  # columns of a cell's name that a long name of a stage may not take
GAP = 2


@contextmanager
def display(progress: Progress, console: Console | None = None) -> Iterator[None]:
    """Show `progress` until the end of the block, where standard output is a terminal that can move its cursor; else nothing.

    The display goes away at the end, also at an interrupt.
    """
    console = console or Console(highlight=False)
    if not (sys.stdout.isatty() and console.is_interactive):
        yield
        return
    progress.live = True
    with Live(Running(progress), console=console, refresh_per_second=PER_SECOND, transient=True):
        try:
            yield
        finally:
            progress.live = False


class Running:
    """A line per running cell (cell, stage, step, loss, tokens per second) and one about the whole."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        doing = list(self._progress.doing.values())
        if doing:
            yield _table(doing, options.max_width)
        yield Text(self._progress.summary(), style="bold")


def _table(doing: list[Doing], width: int) -> Table:
    room = width - sum(NUMBERS.values()) - GAP * (len(NUMBERS) + 1) - (BAR + GAP if width >= ROOM else 0)
    names = min(max(len(one.name) for one in doing), LEAST)
    stage = min(max(len(one.work) for one in doing), max(room - names, room // 2))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim", show_edge=False)
    table.add_column("cell", no_wrap=True, overflow="ellipsis", max_width=max(room - stage, 4))
    table.add_column("stage", no_wrap=True, overflow="ellipsis", max_width=max(stage, 4))
    if width >= ROOM:
        table.add_column("", width=BAR)
    for name, least in NUMBERS.items():
        table.add_column(name, justify="right", no_wrap=True, min_width=min(least, len(name)), max_width=least)
    for one in doing:
        table.add_row(*_row(one, bar=width >= ROOM))
    return table


def _row(one: Doing, bar: bool) -> list[Text | ProgressBar]:
    event = one.event
    step = f"{event.done}/{event.total}" if event.total else one.note
    loss = "" if event.loss is None else f"{event.loss:.4g}"
    rate = "" if event.tokens_per_second is None else f"{event.tokens_per_second:,.0f}"
    shown: list[Text | ProgressBar] = [ProgressBar(max(event.total, 1), event.done, BAR)] if bar else []
    return [Text(one.name), Text(one.work), *shown, Text(step), Text(loss), Text(rate)]
