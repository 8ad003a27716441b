"""deltas.svg and deltas.pdf: the difference in every subcategory, with its interval and what could have been seen."""

from __future__ import annotations

import io
import warnings
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gemma_audio.report.pairs import SHOWN
from gemma_audio.report.text import plain

STYLE: dict[str, Any] = {"svg.hashsalt": "gemma_audio", "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 8.5}
STYLE |= {"pdf.fonttype": 42}
PANELS = SHOWN
WIDTH, ROW, HEAD, FOOT = 5.4, 0.23, 0.62, 1.65
LOOKS: dict[str, dict[str, Any]] = {
    "overall": {"marker": "s", "markersize": 6.5, "linewidth": 2.6},
    "flagged": {"marker": "D", "markersize": 6.5, "linewidth": 2.2},
    "tested": {"marker": "o", "markersize": 5, "linewidth": 1.2},
    "weak": {"marker": "o", "markersize": 5, "linewidth": 1.2, "markerfacecolor": "white"},
    "untestable": {"marker": "x", "markersize": 5.5, "linewidth": 1.2, "linestyle": (0, (1, 2))},
}
BRIEF = {"flagged": "flagged", "tested": "not flagged", "weak": "underpowered", "untestable": "cannot decide"}
MEANING = {
    "overall": "all questions",
    "flagged": "flagged (Holm over subcategories)",
    "tested": "tested, not flagged",
    "weak": "underpowered: not even the largest change is flagged with 80 % power",
    "untestable": "cannot decide: too few answers differ",
}


def look(entry: dict[str, Any]) -> str:
    """How a subcategory row is drawn: flagged, tested, weak or untestable."""
    if not entry["testable"]:
        return "untestable"
    return "flagged" if entry["holm"] else "weak" if entry["mde_flag"] is None else "tested"


def deltas_svg(comparison: dict[str, Any], most: int = PANELS) -> str:
    """The plot as SVG, the same bytes for the same comparison: one panel per pair, the primary on top, one row order for all.

    Beyond `most` pairs the others are in deltas.csv.
    """
    return _drawn(comparison, "svg", {"Date": None, "Creator": "gemma_audio"}, most).decode()


def deltas_pdf(comparison: dict[str, Any]) -> bytes:
    """The panel of the first pair as PDF, fonts embedded, the same bytes for the same comparison: no dates, no paths."""
    about = {"CreationDate": None, "ModDate": None, "Creator": "gemma_audio", "Producer": "gemma_audio", "Title": None}
    return _drawn(comparison, "pdf", about, 1)


def _drawn(comparison: dict[str, Any], kind: str, about: dict[str, str | None], most: int) -> bytes:
    pairs = [entry for entry in comparison["pairs"] if entry["decides"]][:most]
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = _figure(comparison, pairs) if pairs else _empty()
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=about)
    return buffer.getvalue()


def _empty() -> Figure:
    figure = Figure(figsize=(WIDTH, 1.0))
    figure.text(0.5, 0.5, "No pair of arms can be compared yet.", ha="center", va="center")
    return figure


def _figure(comparison: dict[str, Any], pairs: list[dict[str, Any]]) -> Figure:
    rows = len(comparison["subcategories"]) + 1
    panel = HEAD + ROW * rows
    height = panel * len(pairs) + FOOT
    figure = Figure(figsize=(WIDTH, height))
    limit = _limit(comparison, pairs)
    for index, pair in enumerate(pairs):
        bottom = (height - panel * (index + 1) + 0.2) / height
        axes = figure.add_axes((0.4, bottom, 0.46, ROW * rows / height))
        _panel(axes, comparison, pair, limit)
    axes.set_xlabel("difference in percentage points")
    _legend(figure, comparison, pairs)
    return figure


def _panel(axes: Axes, comparison: dict[str, Any], pair: dict[str, Any], limit: float) -> None:
    entries = [(row, _entry(row, pair)) for row in comparison["subcategories"]]
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    _interval(axes, 0, pair, "overall")
    for y, (_, entry) in enumerate(entries, start=1):
        _visible(axes, y, entry["mde_raw"], limit)
        _interval(axes, y, entry, look(entry))
    axes.axhline(0.5, color="black", linewidth=0.6)
    axes.set(xlim=(-limit, limit), ylim=(len(entries) + 0.5, -0.6))
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_yticks(range(len(entries) + 1), ["all questions", *(plain(row["name"], 32) for row, _ in entries)], fontsize=8)
    _texts(axes, pair, entries)


def _texts(axes: Axes, pair: dict[str, Any], entries: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    right = axes.get_yaxis_transform()
    for y, (domain, n) in enumerate([("", pair["n"]), *((row["domain"], row["n"]) for row, _ in entries)]):
        axes.text(1.02, y, plain(domain, 8), transform=right, va="center", fontsize=7.5, parse_math=False)
        axes.text(1.285, y, str(n), transform=right, va="center", ha="right", fontsize=7.5)
    axes.text(1.285, -0.9, "n", transform=right, ha="right", va="bottom", fontsize=7.5, style="italic")
    runs = f"{pair['runs']['treatment']} vs {pair['runs']['baseline']} run{'s' if max(pair['runs'].values()) > 1 else ''}"
    title = f"{plain(pair['treatment'], 20)} - {plain(pair['baseline'], 20)}"
    axes.text(-0.84, -0.9, title, transform=right, va="bottom", weight="bold", fontsize=10, parse_math=False)
    detail = f"{'primary, ' if pair['primary'] else ''}scope: {pair['scope']} ({runs})"
    axes.text(-0.05, -0.9, detail, transform=right, va="bottom", fontsize=7.5)


def _visible(axes: Axes, y: int, mde: float | None, limit: float) -> None:
    """Grey: changes too small to be seen with 80 % power; hatched right across where no change would be."""
    half = limit if mde is None else min(100 * mde, limit)
    hatch: dict[str, Any] = {"hatch": "////", "facecolor": "white"} if mde is None else {"facecolor": "#e4e4e4"}
    axes.barh(y, 2 * half, left=-half, height=0.78, edgecolor="#cfcfcf", linewidth=0, zorder=0, **hatch)


def _interval(axes: Axes, y: int, entry: dict[str, Any], kind: str) -> None:
    style = {"color": "black", "zorder": 3, **LOOKS[kind]}
    if entry["interval"] is not None:
        low, high = entry["interval"]
        axes.plot([100 * low, 100 * high], [y, y], **{**style, "marker": "|", "markersize": 4})
    axes.plot([100 * entry["delta"]], [y], **{**style, "linestyle": "none", "zorder": 4, "clip_on": False})


def _entry(row: dict[str, Any], pair: dict[str, Any]) -> dict[str, Any]:
    names = (pair["treatment"], pair["baseline"])
    return next(entry for entry in row["pairs"] if (entry["treatment"], entry["baseline"]) == names)


def _limit(comparison: dict[str, Any], pairs: list[dict[str, Any]]) -> float:
    """Half-width of the axis in points, the same in every panel."""
    entries = [*pairs, *(_entry(row, pair) for row in comparison["subcategories"] for pair in pairs)]
    reach = [abs(float(value)) for entry in entries for value in (entry["delta"], *(entry["interval"] or ()))]
    return min(max(*reach, 0.05) * 108, 105)


def _legend(figure: Figure, comparison: dict[str, Any], pairs: list[dict[str, Any]]) -> None:
    entries = [_entry(row, pair) for row in comparison["subcategories"] for pair in pairs]
    used = {"overall", *(look(entry) for entry in entries)}
    handles: list[Any] = [Line2D([], [], color="black", label=MEANING[kind], **LOOKS[kind]) for kind in LOOKS if kind in used]
    handles.append(Patch(facecolor="#e4e4e4", label="changes too small to be seen with 80 % power"))
    if any(entry["mde_raw"] is None for entry in entries):
        handles.append(
            Patch(facecolor="white", edgecolor="#cfcfcf", hatch="////", label="no change would be seen with 80 % power")
        )
    figure.legend(handles=handles, loc="lower left", fontsize=7.5, frameon=False, bbox_to_anchor=(0.01, 0.0), ncols=1)
