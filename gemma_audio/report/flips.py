"""What the page's flip browser reads: every question that two arms answer differently, with all arms' answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gemma_audio.report.answers import Answers
from gemma_audio.report.arms import ordered
from gemma_audio.report.collect import Sweep
from gemma_audio.report.scored import Scored, scored_arms
from gemma_audio.report.text import plain

ARMS = 12  # each arm adds some 25 bytes per question


@dataclass(frozen=True)
class Flips:
    """`data` goes into the page as JSON; `items` are its questions in its order (index id); `left_out` names arms.

    data: arms [[name, runs]], pair (indices of the declared treatment and baseline), of (how many questions were asked),
    subcategories [[domain, name]], difficulties, and items [id, subcategory, difficulty, question, choices, gold, answers], where
    subcategory and difficulty are indices, gold is the right choices' indices, and answers holds an Answers.entry per arm.
    """

    data: dict[str, Any] = field(repr=False)
    items: pd.DataFrame = field(repr=False)
    left_out: list[str]


def flips(sweep: Sweep) -> Flips:
    """The questions on which any two runs of the arms differ in correctness by the official rule.

    At most ARMS arms that were asked the same questions, the declared pair first; the others are left out.
    """
    scored, _ = scored_arms(sweep)
    shown = _comparable(sweep, scored)
    names = [name for name in sweep.arms if name in shown]
    left_out = [name for name in sweep.arms if name not in shown]
    if len(names) < 2:
        return Flips(_nothing(scored), pd.DataFrame(columns=["audio"]), left_out)
    arms = [scored[name] for name in names]
    right = np.concatenate([arm.arm.scores for arm in arms]).sum(0)
    changed = (right > 0) & (right < sum(arm.arm.runs for arm in arms))
    items = arms[0].items[changed]
    subcategories, difficulties = _labels(items)
    answers = [Answers.of(sweep.rows[sweep.rows["arm"] == name], items) for name in names]
    entries = [
        [*_question(row, subcategories, difficulties), [given.entry(place) for given in answers]]
        for place, row in enumerate(items.reset_index().to_dict("records"))
    ]
    pair = [names.index(name) if name in names else fallback for fallback, name in zip((1, 0), sweep.primary, strict=True)]
    data = {
        "arms": [[plain(name, 60), scored[name].arm.runs] for name in names],
        "pair": pair if pair[0] != pair[1] else [1, 0],
        "of": len(arms[0].items),
        "subcategories": [[plain(domain, 60), plain(name, 80)] for domain, name in subcategories],
        "difficulties": [plain(name, 40) for name in difficulties],
        "items": entries,
    }
    return Flips(data, items, left_out)


def _comparable(sweep: Sweep, scored: dict[str, Scored]) -> list[str]:
    """The arms that were asked what the first of them was asked, the declared pair first."""
    wanted = [name for name in dict.fromkeys((*sweep.primary, *sweep.arms)) if name in scored]
    first = scored[wanted[0]] if wanted else None
    return [name for name in wanted if first is not None and _alike(scored[name], first)][:ARMS]


def _alike(one: Scored, other: Scored) -> bool:
    return one.benchmark["sha256"] == other.benchmark["sha256"] and one.items.index.equals(other.items.index)


def _nothing(scored: dict[str, Scored]) -> dict[str, Any]:
    of = max((len(entry.items) for entry in scored.values()), default=0)
    return {"arms": [], "pair": [0, 0], "of": of, "subcategories": [], "difficulties": [], "items": []}


def _labels(items: pd.DataFrame) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """Index of each (domain, subcategory), in the domains' order, and of each difficulty."""
    domains = ordered("task", items["task"].tolist())
    keys = set(zip(items["task"], items["subcategory"], strict=True))
    subcategories = sorted(keys, key=lambda key: (domains.index(key[0]), key[1]))
    difficulties = ordered("difficulty", items["difficulty"].tolist())
    return {key: code for code, key in enumerate(subcategories)}, {name: code for code, name in enumerate(difficulties)}


def _question(row: dict[Any, Any], subcategories: dict[tuple[str, str], int], difficulties: dict[str, int]) -> list[Any]:
    choices = [plain(choice, 300) for choice in row["choices"]]
    gold = [index for index, choice in enumerate(row["choices"]) if choice == row["answer"]]
    subcategory = subcategories[(row["task"], row["subcategory"])]
    return [plain(row["id"], 80), subcategory, difficulties[row["difficulty"]], plain(row["question"], 1000), choices, gold]
