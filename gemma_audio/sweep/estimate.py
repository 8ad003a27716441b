"""About how long a step of work takes, from sealed folders of the store that did the like."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from statistics import median
from typing import Any

from gemma_audio.sweep.fingerprint import Identity, Ref
from gemma_audio.sweep.store import Store

NEWEST = 5  # past runs that are asked
PACE = ("objective", "trains", "batch_size", "micro_batch_size")  # what sets the time of a training step, with the adapter's size
SIZE = ("method", "rank", "scope")
COST = ("cost.json", "summary.json")  # the first that is there says `seconds`


@dataclass(frozen=True)
class Estimate:
    """`seconds` of wall clock, and how many past runs say so."""

    seconds: float
    runs: int


class Past:
    """What the sealed folders of a store took; each is read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records = cache(store.records)

    def estimate(self, identity: Identity, base: Ref, steps: int) -> Estimate | None:
        """The time of `identity`, which builds on the model `base`, by the newest that did the like; None where none did.

        A stage takes its steps times the median seconds per step of the same objective with the same trained tensors and batch on
        the same model; an evaluation, or the data, takes what an equal one took, whatever its weights or its seed.
        """
        root, like = base.fingerprint if identity.parent else None, _like(identity.document())
        alike = (r for r in self._records(identity.kind) if _like(r["identity"]) == like and self._root(r["identity"]) == root)
        known = [seconds for record in alike if (seconds := self._seconds(record)) is not None][:NEWEST]
        return Estimate(max(steps, 1) * median(known), len(known)) if known else None

    def _seconds(self, record: dict[str, Any]) -> float | None:
        """Seconds per step of a stage, or in all of anything else; None where the folder does not say."""
        steps = record["identity"]["body"].get("stage", {}).get("steps", 1)
        for name in COST:
            try:
                return float(json.loads((self._store.root / record["name"] / name).read_text())["seconds"]) / steps
            except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
                continue
        return None

    def _root(self, document: dict[str, Any]) -> str | None:
        """The fingerprint of the model that a chain of sealed folders starts from; None for what builds on none."""
        parent: str | None = document.get("parent")
        while parent in self._parents:
            parent = self._parents[parent]
        return parent

    @cached_property
    def _parents(self) -> dict[str | None, str]:
        """What every sealed folder builds on, by fingerprints."""
        kinds = {path.name.rpartition("-")[0] for path in self._store.root.glob("*-*")}
        records = [record for kind in sorted(kinds) for record in self._records(kind)]
        return {record["fingerprint"]: parent for record in records if (parent := record["identity"].get("parent"))}


def _like(document: dict[str, Any]) -> dict[str, Any]:
    """What pieces of work that take equally long have in common; stages, per step."""
    body = document["body"]
    if "stage" not in body:
        return {key: value for key, value in body.items() if key != "seed"}
    stage, adapter = body["stage"], body["stage"].get("adapter") or {}
    pace = {key: stage.get(key) for key in PACE} | {key: adapter.get(key) for key in SIZE}
    return {**pace, "trainer": body.get("trainer")}
