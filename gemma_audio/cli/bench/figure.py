"""One row of the table: a measured value and the bound that it is meant to hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """A limit in the figure's unit: the most that it may be, or with `least` the least."""

    value: float
    least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {number(self.value)}"

    def holds(self, value: float) -> bool:
        return value >= self.value if self.least else value <= self.value


@dataclass(frozen=True)
class Figure:
    """`value` is None where nothing was measured, and `note` says why; otherwise the note gives what the value is made of."""

    name: str
    value: float | None
    unit: str = ""
    bound: Bound | None = None
    note: str = ""

    @property
    def shown(self) -> str:
        """Value and unit as the table has them."""
        return "-" if self.value is None else f"{number(self.value)} {self.unit}".strip()

    @property
    def verdict(self) -> str:
        """`ok` or `over`; nothing where there is no bound or no value."""
        if self.bound is None or self.value is None:
            return ""
        return "ok" if self.bound.holds(self.value) else "over"


def number(value: float) -> str:
    """Three significant digits, never an exponent for a large one."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def seconds(value: float) -> str:
    """A duration in seconds or milliseconds."""
    return f"{number(value)} s" if value >= 1 else f"{number(1000 * value)} ms"
