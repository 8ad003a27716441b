"""The audit of a published table of percentages: which benchmark revision it can come from, and what it can carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scipy import stats

from gemma_audio.analysis import evidence
from gemma_audio.analysis.intervals import wilson
from gemma_audio.analysis.published import Fit, Rest, Row, counts, fit, largest_size, rest, same_bin, within
from gemma_audio.analysis.table_noise import DRAWS, draw, like_table, table_facts

SEED = 20250519
ALPHA = 0.05
DISCORDANCE = (0.15, 0.25, 0.35)
DIFFERING = (150, 200, 250, 300, 350, 400)
LOSSES = (0, 1, 2, 3)


def audit(published: Mapping[str, Any], revisions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that the printed figures imply, as one dictionary for audit.json.

    `published` is experiments/published_card/published.json, `revisions` the benchmark's known ones, newest first (label,
    gold_among_choices, sub_categories). ValueError where no revision, or bins of several sizes, let every row be possible.
    """
    rows = [Row(row["name"], row["group"], row["base"], row[published["treatment"]]) for row in published["rows"]]
    n, totals = published["benchmark"]["n"], _totals(published)
    fits = [fit(rows, revision["sub_categories"]) for revision in revisions]
    sizes = _sizes([revision for revision, found in zip(revisions, fits, strict=True) if _all_possible(found)])
    fitting = fit(rows, sizes)
    remainder = rest(fitting, sizes, *totals)
    return {
        "schema": 1,
        "published": {key: published[key] for key in ("source", "benchmark", "treatment", "runs", "steps", "overall")},
        "overall": _overall(totals, n, published["pairs"]),
        "revisions": [_revision(revision, found) for revision, found in zip(revisions, fits, strict=True)],
        "dropped": _dropped(fits[0], published),
        "rows": [_row(found, len(sizes)) for found in fitting],
        "rest": _rest(remainder, totals, published, sizes),
        "contradictions": _contradictions(published, fitting, sizes),
        "evidence": _evidence(len(sizes)),
        "noise": _noise(fitting, sizes, published, totals, n),
    }


def _totals(published: Mapping[str, Any]) -> tuple[int, int]:
    n, overall = published["benchmark"]["n"], published["overall"]
    found = [counts(overall[arm], n) for arm in ("base", published["treatment"])]
    if any(len(side) != 1 for side in found):
        raise ValueError(f"the overall figures leave the counts {found} of {n}, not one each")
    return found[0][0], found[1][0]


def _all_possible(fits: Sequence[Fit]) -> bool:
    return all(found.possible for found in fits)


def _sizes(revisions: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    kinds = {tuple(sorted(revision["sub_categories"].items())) for revision in revisions}
    if len(kinds) != 1:
        raise ValueError(f"bins of {len(kinds)} different sizes let every row be possible, so the counts are not known")
    return dict(kinds.pop())


def _revision(revision: Mapping[str, Any], fits: Sequence[Fit]) -> dict[str, Any]:
    impossible = [{"name": found.row.name, "n": found.n} for found in fits if not found.possible]
    unreachable = revision["n"] - revision["gold_among_choices"]
    return {"label": revision["label"], "gold_not_among_choices": unreachable, "impossible": impossible}


def _dropped(newest: Sequence[Fit], published: Mapping[str, Any]) -> dict[str, Any]:
    """How many questions of the newest revision must have been left out for its impossible rows to be possible after all."""
    rows = [(found, largest_size(found.row, found.n)) for found in newest if not found.possible]
    questions = sum(found.n - (size or 0) for found, size in rows)
    left = published["benchmark"]["n"] - questions
    return {
        "rows": [{"name": found.row.name, "n": found.n, "largest_possible": size} for found, size in rows],
        "questions": questions,
        "overall_possible": all(counts(percent, left) for percent in published["overall"].values()),
    }


def _row(found: Fit, bins: int) -> dict[str, Any]:
    gain = found.gain
    assert gain is not None
    limits = {
        f"{name} at {level}": evidence.most_discordant(gain, found.n, alpha, test)
        for name, test in evidence.TESTS.items()
        for level, alpha in (("alpha", ALPHA), ("alpha / bins", ALPHA / bins))
    }
    return {
        "name": found.row.name,
        "bin": found.bin,
        "group": found.row.group,
        "n": found.n,
        "base": found.base[0],
        "treatment": found.treatment[0],
        "gain": gain,
        "points": round(found.row.treatment - found.row.base, 1),
        "least_p": evidence.least_p(gain),
        "most_discordant": limits,
    }


def _overall(totals: tuple[int, int], n: int, pairs: int) -> dict[str, Any]:
    levels = {"0.05": ALPHA, "0.01": 0.01, f"0.05 / {pairs}": ALPHA / pairs}
    gain = totals[1] - totals[0]
    pooled = sum(totals) / (2 * n)
    z = gain / n / (2 * pooled * (1 - pooled) / n) ** 0.5
    independent = (totals[0] * (n - totals[1]) + totals[1] * (n - totals[0])) / n
    return {
        "n": n,
        "base": totals[0],
        "treatment": totals[1],
        "gain": gain,
        "wilson": [[float(end) for end in wilson(count, n)] for count in totals],
        "unpaired": {"z": z, "p": float(2 * stats.norm.sf(z))},
        "most_discordant": {
            name: {level: evidence.most_discordant(gain, n, alpha, test) for level, alpha in levels.items()}
            for name, test in evidence.TESTS.items()
        },
        "discordant_if_independent": round(independent),
        "if_discordant": [evidence.outcome(*totals, n, differing) for differing in DIFFERING],
    }


def _rest(remainder: Rest, totals: tuple[int, int], published: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """What the bins without a row add up to, and what that leaves for those that are not called neutral either."""
    neutral = {same_bin(name, sizes) for name in published["neutral"]["names"]}
    reach = sum(within(published["neutral"]["within"], sizes[bin_]) for bin_ in neutral)
    unnamed = [bin_ for bin_ in remainder.bins if bin_ not in neutral]
    return {
        "bins": sorted(remainder.bins),
        "n": remainder.n,
        "base": remainder.base,
        "treatment": remainder.treatment,
        "gain": remainder.gain,
        "listed_gain": totals[1] - totals[0] - remainder.gain,
        "neutral_reach": reach,
        "unnamed": [{"name": bin_, "n": sizes[bin_]} for bin_ in unnamed],
        "unnamed_gain": [remainder.gain - reach, remainder.gain + reach],
    }


def _contradictions(published: Mapping[str, Any], fits: Sequence[Fit], sizes: Mapping[str, int]) -> dict[str, Any]:
    names = [*(row["name"] for row in published["rows"]), *published["neutral"]["names"]]
    band, fall = published["neutral"]["within"], published["collapse"]
    fallen = next(found for found in fits if found.row.name == fall["name"])
    inside = [found.row for found in fits if abs(found.row.treatment - found.row.base) <= band]
    return {
        "neutral_band": {"within": band, "rows": [{"name": r.name, "points": round(r.treatment - r.base, 1)} for r in inside]},
        "collapse": {**fall, "base": fallen.row.base, "treatment": fallen.row.treatment},
        "near_random": _near_random(published["near_random"], sizes),
        "spelling": [{"printed": name, "bin": same_bin(name, sizes)} for name in names if name not in sizes],
    }


def _near_random(said: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    n, chance = sizes[same_bin(said["name"], sizes)], 1 / said["options"]
    right = round(said["percent"] / 100 * n)
    p = float(stats.binom.cdf(right, n, chance))
    return {"name": said["name"], "percent": said["percent"], "n": n, "right": right, "chance": 100 * chance, "p_by_guessing": p}


def _evidence(bins: int) -> dict[str, Any]:
    levels = {"alpha": ALPHA, "alpha / bins": ALPHA / bins}
    wins = {
        f"{name} at {level}": [evidence.least_wins(losses, alpha, test) for losses in LOSSES]
        for name, test in evidence.TESTS.items()
        for level, alpha in levels.items()
    }
    return {"alpha": ALPHA, "bins": bins, "losses": list(LOSSES), "least_wins": wins}


def _noise(
    fits: Sequence[Fit], sizes: Mapping[str, int], published: Mapping[str, Any], totals: tuple[int, int], n: int
) -> dict[str, Any]:
    points, band = [found.row.treatment - found.row.base for found in fits], published["neutral"]["within"]
    seen: dict[str, float] = {
        "best": round(max(points), 1),
        "worst": round(min(points), 1),
        "most": max(found.gain or 0 for found in fits),
        "band": band,
        "gained": sum(value > band for value in points),
        "lost": sum(value < -band for value in points),
    }
    simulated = []
    for effect in (0.0, (totals[1] - totals[0]) / n):
        for share in DISCORDANCE:
            drawn = draw(list(sizes.values()), share, effect, seed=SEED)
            simulated.append({"effect": effect, "discordance": share, **table_facts(drawn), "as_seen": like_table(drawn, seen)})
    return {"seed": SEED, "draws": DRAWS, "bins": len(sizes), "seen": seen, "simulated": simulated}
