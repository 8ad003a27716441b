"""Numbers and foreign text as the report shows them."""

from __future__ import annotations

import html
import re
import unicodedata

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # a terminal's colours and movements
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def percent(fraction: float | None) -> str:
    """0.612 as "61.2 %"."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def points(fraction: float | None) -> str:
    """A difference of 0.065 as "+6.5", in percentage points."""
    return "-" if fraction is None else f"{100 * fraction + 0.0:+.1f}"


def pvalue(p: float | None) -> str:
    """A p- or q-value with three decimals, or "< .001"."""
    if p is None:
        return "-"
    return "< .001" if p < 0.001 else "1" if p > 0.9995 else f"{p:.3f}".lstrip("0")


def span(interval: tuple[float, float] | list[float] | None) -> str:
    """An interval of a difference, in points."""
    return "none" if interval is None else f"{points(interval[0])} to {points(interval[1])}"


def plain(text: str, limit: int = 160) -> str:
    """One line without control or direction-changing characters, cut to `limit` characters."""
    return _cut(" ".join(_visible(text).split()), limit)


def logged(line: str, limit: int = 300) -> str:
    """A line of a log, its indentation kept, without control or direction-changing characters, cut to `limit` characters."""
    return _cut(_visible(ESCAPE.sub("", line)).rstrip(), limit)


def _visible(text: str) -> str:
    return "".join(
        " " if ch.isspace() else ch for ch in text if ch.isspace() or unicodedata.category(ch) not in ("Cc", "Cf", "Cs")
    )


def _cut(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1] + "…"


def csv_cell(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def markdown_cell(text: str, limit: int = 160) -> str:
    """Text that stays inside its table cell and carries neither markup nor HTML."""
    escaped = html.escape(plain(text, limit), quote=False)
    for mark in "\\|`*_[]":
        escaped = escaped.replace(mark, "\\" + mark)
    return escaped
