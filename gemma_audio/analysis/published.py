"""What the percentages of a printed table say about its counts, and about the revision of a benchmark that it can come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

ROUNDINGS = (ROUND_HALF_EVEN, ROUND_HALF_UP)


@dataclass(frozen=True)
class Row:
    """One printed row: a bin's name as printed, the group it is listed in, and two accuracies in percent with one decimal."""

    name: str
    group: str
    base: float
    treatment: float


@dataclass(frozen=True)
class Fit:
    """A row at one revision: the bin of that name, its size, and every count of right answers that prints as the row does."""

    row: Row
    bin: str
    n: int
    base: tuple[int, ...]
    treatment: tuple[int, ...]

    @property
    def possible(self) -> bool:
        """Whether some count prints as each of the two figures."""
        return bool(self.base and self.treatment)

    @property
    def gain(self) -> int | None:
        """Right answers gained, in questions; None where the figures are impossible or leave several answers."""
        gains = {t - b for t in self.treatment for b in self.base}
        return gains.pop() if len(gains) == 1 else None


def printed(count: int, n: int) -> set[Decimal]:
    """`count` of `n` in percent to one decimal, under either way of rounding a half."""
    exact = Decimal(100 * count) / Decimal(n)
    return {exact.quantize(Decimal("0.1"), rounding) for rounding in ROUNDINGS}


def counts(percent: float, n: int) -> tuple[int, ...]:
    """Every count of right answers among `n` that prints as `percent`."""
    wanted = Decimal(str(percent))
    return tuple(count for count in range(n + 1) if wanted in printed(count, n))


def largest_size(row: Row, limit: int) -> int | None:
    """The largest number of questions up to `limit` at which both figures of the row are possible; None if there is none."""
    return next((n for n in range(limit, 0, -1) if counts(row.base, n) and counts(row.treatment, n)), None)


def same_bin(name: str, bins: Iterable[str]) -> str:
    """The one bin that `name` stands for: alike but for case and punctuation, else the only one that begins with it.

    ValueError where none or several do.
    """
    folded = {bin_: _folded(bin_) for bin_ in bins}
    alike = [bin_ for bin_, text in folded.items() if text == _folded(name)]
    found = alike or [bin_ for bin_, text in folded.items() if text.startswith(_folded(name))]
    if len(found) != 1:
        raise ValueError(f"{name!r} stands for {len(found)} bins of {len(folded)}: {', '.join(found) or 'none'}")
    return found[0]


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def fit(rows: Sequence[Row], sizes: Mapping[str, int]) -> list[Fit]:
    """Every row at a revision whose bins have these sizes."""
    fits = []
    for row in rows:
        bin_ = same_bin(row.name, sizes)
        n = sizes[bin_]
        fits.append(Fit(row, bin_, n, counts(row.base, n), counts(row.treatment, n)))
    return fits


@dataclass(frozen=True)
class Rest:
    """What the bins without a row must add up to: questions, and right answers of both arms."""

    bins: tuple[str, ...]
    n: int
    base: int
    treatment: int

    @property
    def gain(self) -> int:
        """Questions gained there."""
        return self.treatment - self.base


def rest(fits: Sequence[Fit], sizes: Mapping[str, int], base: int, treatment: int) -> Rest:
    """The overall counts less those of the rows. ValueError unless each row leaves one count."""
    if any(len(fit.base) != 1 or len(fit.treatment) != 1 for fit in fits):
        raise ValueError("a row is impossible or leaves several counts, so the rest is not known")
    listed = {fit.bin for fit in fits}
    others = {bin_: n for bin_, n in sizes.items() if bin_ not in listed}
    right = [sum(side[0] for side in column) for column in zip(*((fit.base, fit.treatment) for fit in fits), strict=True)]
    return Rest(tuple(others), sum(others.values()), base - right[0], treatment - right[1])


def within(points: float, n: int) -> int:
    """The most questions of `n` whose share prints as at most `points`."""
    return max(count for count in range(n + 1) if min(printed(count, n)) <= Decimal(str(points)))
