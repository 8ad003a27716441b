"""What a paired test would need before a difference of two accuracies, known without the items, is significant."""

from __future__ import annotations

from collections.abc import Callable

from gemma_audio.analysis.intervals import newcombe
from gemma_audio.analysis.mcnemar import PairedTable, exact_p, least_midp, midp

Test = Callable[[int, int], float]
TESTS: dict[str, Test] = {"exact": exact_p, "mid-p": midp}


def most_discordant(gain: int, n: int, alpha: float, test: Test) -> int | None:
    """The most items that may differ for a net gain (or loss) of `gain` to have p at most `alpha`; None if it never has.

    With b - c fixed, every further pair of differing items cancels out and raises p.
    """
    size, found = abs(gain), None
    for differing in range(size, n + 1, 2):
        if test((differing + size) // 2, (differing - size) // 2) > alpha:
            break
        found = differing
    return found


def least_p(gain: int) -> dict[str, float]:
    """The smallest p that a net gain of `gain` questions allows: no question went the other way."""
    size = abs(gain)
    return {"exact": min(1.0, 2 * 0.5**size), "mid-p": float(least_midp(size))}


def least_wins(losses: int, alpha: float, test: Test) -> int:
    """How many items must be won for p at most `alpha` when `losses` are lost."""
    wins = losses + 1
    while test(wins, losses) > alpha:
        wins += 1
    return wins


def table(base: int, treatment: int, n: int, discordant: int) -> PairedTable:
    """The paired table of two totals with so many differing items. ValueError where the totals do not allow it."""
    gain = treatment - base
    if (discordant - gain) % 2 or not abs(gain) <= discordant <= n:
        raise ValueError(f"{discordant} differing items do not go with {base} and {treatment} right answers of {n}")
    b = (discordant + gain) // 2
    cells = PairedTable(treatment - b, b, b - gain, n - treatment - (b - gain))
    if min(cells) < 0:
        raise ValueError(f"{discordant} differing items are too many for {base} and {treatment} right answers of {n}")
    return cells


def correlation(cells: PairedTable) -> float:
    """The phi coefficient of the two arms' answers."""
    a, b, c, d = cells
    return (a * d - b * c) / float((a + b) * (c + d) * (a + c) * (b + d)) ** 0.5


def outcome(base: int, treatment: int, n: int, discordant: int) -> dict[str, object]:
    """What the items would say if so many of them differed: both p-values, Newcombe's interval, the answers' correlation."""
    cells = table(base, treatment, n, discordant)
    p = {name: float(test(cells.b, cells.c)) for name, test in TESTS.items()}
    return {"discordant": discordant, "p": p, "interval": list(newcombe(cells)), "correlation": correlation(cells)}
