"""Small line charts that are read without colour: every arm has a line style and a marker of its own."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gemma_audio.report.plots import STYLE
from gemma_audio.report.text import plain

WIDTH, HEIGHT, LEGEND, COLUMNS = 6.4, 2.5, 0.19, 3
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
MARKS = ("o", "s", "^", "x", "D", "v", "+")
SHAPE: dict[str, Any] = {"color": "black", "linewidth": 1.1, "markersize": 4, "markerfacecolor": "white"}
BANDS = 4  # more ranges over one another are only grey


@dataclass(frozen=True)
class Line:
    """One arm's mean over its runs: `x` and `y` of equal length, `low` and `high` the runs' range."""

    arm: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Panel:
    """One plot: a title, what x is, lines, and the x of upright lines where a stage ends; a marker at every `every`-th share."""

    title: str
    xlabel: str
    lines: list[Line]
    edges: Sequence[float] = ()
    every: float = 0.0


def chart(panels: list[Panel], arms: Sequence[str]) -> str:
    """SVG of the panels below one another, the same bytes for the same numbers; `arms`, in order, decide the styles."""
    styles = {arm: {"linestyle": DASHES[k % len(DASHES)], "marker": MARKS[k % len(MARKS)]} for k, arm in enumerate(arms)}
    foot = 0.3 + LEGEND * -(-len(styles) // COLUMNS)
    height = HEIGHT * len(panels) + foot
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(WIDTH, height))
        for index, panel in enumerate(reversed(panels)):
            bottom = (foot + HEIGHT * index + 0.42) / height
            _draw(figure.add_axes((0.09, bottom, 0.88, (HEIGHT - 0.75) / height)), panel, styles)
        _legend(figure, styles)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "gemma_audio"})
    return buffer.getvalue().decode()


def _draw(axes: Axes, panel: Panel, styles: dict[str, Any]) -> None:
    for edge in panel.edges:
        axes.axvline(edge, color="#777777", linewidth=0.8, linestyle=(0, (1, 2)))
    for line in panel.lines:
        marked = max(1, round(panel.every * len(line.x)))
        axes.plot(line.x, line.y, markevery=marked, **SHAPE, **styles[line.arm])
        if len(panel.lines) <= BANDS:
            axes.fill_between(line.x, line.low, line.high, color="black", alpha=0.08, linewidth=0)
    axes.set_title(panel.title, loc="left", fontsize=9, weight="bold", parse_math=False)
    axes.set_xlabel(panel.xlabel, fontsize=8)
    axes.spines[["right", "top"]].set_visible(False)
    axes.tick_params(labelsize=7.5)
    axes.margins(x=0.01)


def _legend(figure: Figure, styles: dict[str, Any]) -> None:
    handles = [Line2D([], [], **SHAPE, **style) for style in styles.values()]
    names = [f" {plain(arm, 40)}" for arm in styles]  # a label that starts with "_" would be left out
    legend = figure.legend(handles, names, loc="lower left", ncols=COLUMNS, fontsize=7.5, frameon=False, handlelength=4.5)
    for text in legend.get_texts():
        text.set_parse_math(False)
