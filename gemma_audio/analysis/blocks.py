"""Variance between training runs of any contrast of arms, with runs of several arms that rest on the same sealed stage."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import linalg

from gemma_audio.analysis.arm import Codes, Floats, Labels
from gemma_audio.analysis.variance import ROUNDING, Part

Design = tuple[tuple[float, tuple[Hashable, ...]], ...]


class Side(NamedTuple):
    """An arm's share in an estimate: weight, scores (runs, items), and the block of each run (None: nothing is shared)."""

    weight: float
    scores: Floats
    blocks: Labels | None = None


class Plan(NamedTuple):
    """From runs to blocks: `averages` (arms' blocks, runs) takes run means to each arm's block means, of which there are `sizes`
    per arm; `loads` (blocks, arms' blocks) takes those to what each block contributes to the estimate.
    """

    averages: Floats
    loads: Floats
    sizes: tuple[int, ...]


def run_parts(sides: Sequence[Side], codes: Codes | None = None) -> list[Part]:
    """Variance from the training runs of the estimate: the sum over sides of weight times the mean of all its runs.

    The block is the unit: what the runs of a block have in common, across arms, cancels or adds up as the weights have it, and
    only differences between blocks count. With g a block's contribution, the variance is the sum of g squared; its degrees of
    freedom are Satterthwaite's, (sum E)^2 / sum E^2 over the eigenvalues E of g's covariance, each arm's block means varying as
    that arm's do. Without shared blocks this is Welch's test, and for two arms with equally many runs in each of the same blocks
    the paired t-test, on block means. Unmatched runs keep their weight in the estimate; their share of the noise does not
    cancel. An arm whose runs form a single block adds nothing: its noise does not show.

    With `codes` (items,), the bin of each item, 0..bins-1, none empty, the variance is of one bin's estimate, pooled over bins
    weighted by their items: a bin's few questions say too little about run noise. It comes as two orthogonal parts, the blocks'
    own effect, and the block-by-bin remainder with its degrees of freedom times the effective number of bins less one.
    """
    plan = planned(tuple((side.weight, _labels(number, side)) for number, side in enumerate(sides)))
    own = plan.averages @ np.concatenate([side.scores.mean(1) for side in sides])[:, None]
    parts = [_part(plan, own, np.ones(1))]
    if codes is not None:
        counts = np.bincount(codes)
        weights = counts / counts.sum()
        bins = np.eye(counts.size)[codes] / counts
        means = plan.averages @ (np.concatenate([side.scores for side in sides]) @ bins)
        remainder = _part(plan, means - own, weights)
        parts.append(Part(remainder.variance, remainder.df * (1 / float((weights**2).sum()) - 1)))
    return [part for part in parts if part.variance > ROUNDING]


@lru_cache(maxsize=1024)
def planned(design: Design) -> Plan:
    """The plan of sides given by weight and labels.

    A block with the share w of an arm's runs enters as (its mean - the arm's mean) times w / sqrt(1 - w): the second-order
    correction of the cluster-robust variance (Bell and McCaffrey 2002), which is unbiased where all runs vary alike.
    """
    blocks = list(dict.fromkeys(label for _, labels in design for label in labels))
    members = [_members(labels, blocks) for _, labels in design]
    averages = [member / member.sum(1, keepdims=True) for member, _ in members]
    loads = [weight * _load(member.mean(1), place) for (weight, _), (member, place) in zip(design, members, strict=True)]
    return Plan(linalg.block_diag(*averages), np.hstack(loads), tuple(len(member) for member, _ in members))


def _members(labels: tuple[Hashable, ...], blocks: list[Hashable]) -> tuple[Floats, Floats]:
    """Which runs each block of one arm holds (its blocks, runs), and which of all blocks each is (blocks, its blocks)."""
    own = list(dict.fromkeys(labels))
    member = np.array([[float(label == block) for label in labels] for block in own])
    return member, np.array([[float(block == one) for one in own] for block in blocks])


def _load(share: Floats, place: Floats) -> Floats:
    if share.size == 1:
        return np.zeros_like(place)
    scale = share / np.sqrt(1 - share)
    result: Floats = place @ (scale[:, None] * (np.eye(share.size) - share))
    return result


def _labels(number: int, side: Side) -> tuple[Hashable, ...]:
    return side.blocks if side.blocks is not None else tuple((number, run) for run in range(len(side.scores)))


def _part(plan: Plan, values: Floats, weights: Floats) -> Part:
    """Sum over bins of weight times the blocks' squared contributions; `values` is (arms' blocks, bins)."""
    variance = float(((plan.loads @ values) ** 2).sum(0) @ weights)
    starts = np.cumsum([0, *plan.sizes])
    spreads = [values[a:b].var(axis=0, ddof=1) @ weights if b - a > 1 else 0.0 for a, b in pairwise(starts)]
    covariance = (plan.loads * np.repeat(spreads, plan.sizes)) @ plan.loads.T
    squared = float((covariance**2).sum())
    return Part(variance, float(np.trace(covariance)) ** 2 / squared if squared > 0 else 0.0)
