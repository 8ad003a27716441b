"""audit.svg: the listed differences beside what noise alone would print and what a paired test could call significant."""

from __future__ import annotations

import io
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy import stats

from gemma_audio.report.text import plain

STYLE = {"svg.hashsalt": "gemma_audio", "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 8.5}
WIDTH, ROW, HEAD, FOOT = 5.4, 0.24, 0.5, 1.3
DISCORDANCE = 0.25


def audit_svg(audit: dict[str, Any]) -> str:
    """The plot as SVG, the same bytes for the same audit."""
    with rc_context(STYLE):
        buffer = io.BytesIO()
        _figure(audit).savefig(buffer, format="svg", metadata={"Date": None, "Creator": "gemma_audio"})
    return buffer.getvalue().decode()


def noise_range(n: int, effect: float, discordance: float) -> tuple[float, float]:
    """The central 95 % of a bin's difference in points if its items are gained, net, with `effect` like all others."""
    spread = ((discordance - effect**2) / n) ** 0.5
    low, high = stats.norm.interval(0.95, effect, spread)
    return 100 * float(low), 100 * float(high)


def _figure(audit: dict[str, Any]) -> Figure:
    rows = sorted(audit["rows"], key=lambda row: (-row["gain"], row["name"]))
    height = HEAD + ROW * len(rows) + FOOT
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0.4, FOOT / height, 0.44, ROW * len(rows) / height))
    for y, row in enumerate(rows):
        _row(axes, y, row, audit)
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    axes.set(xlim=(-32, 36), ylim=(len(rows) - 0.4, -0.6))
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_yticks(range(len(rows)), [plain(row["bin"], 32) for row in rows], fontsize=8)
    axes.set_xlabel("published difference in percentage points", fontsize=8)
    for x, label in ((1.12, "questions"), (1.3, "n")):
        axes.text(x, -0.9, label, transform=axes.get_yaxis_transform(), ha="right", va="bottom", fontsize=7.5, style="italic")
    _legend(figure, audit)
    return figure


def _row(axes: Axes, y: int, row: dict[str, Any], audit: dict[str, Any]) -> None:
    overall = audit["overall"]
    needed = 100 * audit["evidence"]["least_wins"]["mid-p at alpha"][0] / row["n"]
    axes.barh(y, 2 * needed, left=-needed, height=0.8, facecolor="#e4e4e4", linewidth=0, zorder=0)
    low, high = noise_range(row["n"], overall["gain"] / overall["n"], DISCORDANCE)
    axes.plot([low, high], [y, y], color="black", linewidth=1.1, linestyle=(0, (1, 1.5)), zorder=2)
    corrected = row["most_discordant"]["mid-p at alpha / bins"] is not None
    able = row["most_discordant"]["mid-p at alpha"] is not None
    marker = "D" if corrected else "o" if able else "x"
    axes.plot([row["points"]], [y], marker=marker, color="black", markersize=5.5, linestyle="none", zorder=3)
    for x, text in ((1.12, f"{row['gain']:+d}"), (1.3, str(row["n"]))):
        axes.text(x, y, text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=7.5)


def _legend(figure: Figure, audit: dict[str, Any]) -> None:
    overall, bins = audit["overall"], audit["evidence"]["bins"]
    same = f"95 % of bins that gain {100 * overall['gain'] / overall['n']:+.1f} like all others (25 % differ)"
    point: dict[str, Any] = {"color": "black", "linestyle": "none", "markersize": 5.5}
    handles: list[Any] = [
        Line2D([], [], marker="D", label=f"could be significant after correction over {bins} bins", **point),
        Line2D([], [], marker="o", label="could be significant at .05, if hardly any answer moved the other way", **point),
        Line2D([], [], marker="x", label="could not, whatever the answers were", **point),
        Patch(facecolor="#e4e4e4", label="too few questions for p ≤ .05 (mid-p)"),
        Line2D(
            [],
            [],
            color="black",
            linewidth=1.1,
            linestyle=(0, (1, 1.5)),
            label=same,
        ),
    ]
    figure.legend(handles=handles, loc="lower left", fontsize=7.5, frameon=False, bbox_to_anchor=(0.01, 0.0), ncols=1)
