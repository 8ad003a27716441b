"""What a cell would do, why, and for about how long, found in the store alone: nothing is loaded, nothing is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gemma_audio.sweep.estimate import Estimate, Past
from gemma_audio.sweep.fingerprint import Identity, Ref
from gemma_audio.sweep.stages import Links
from gemma_audio.sweep.store import Store

VERBS = {"data": "build", "eval": "answer"}
SHOWN = 3  # differences named in a reason


@dataclass(frozen=True)
class Step:
    """One link of a cell's chain: what would be done about it (train, build, answer, reuse), why, and for how long."""

    kind: str
    name: str
    action: str
    reason: str
    steps: int = 0
    estimate: Estimate | None = None

    @property
    def reused(self) -> bool:
        return self.action == "reuse"


def plan(links: Links, store: Store, past: Past | None = None) -> list[Step]:
    """The links of a chain in order; `past` is what the store's folders took, where several plans share it."""
    return list(_steps(links, store, past or Past(store)))


def _steps(links: Links, store: Store, past: Past) -> Iterator[Step]:
    base = parent = links.base()
    for data, _ in links.products():
        yield _step(data, store, past.estimate(data, base, 1))
    for stage in links.config.recipe.stages.values():
        identity = links.stage(stage, parent)
        yield _step(identity, store, past.estimate(identity, base, stage.steps), stage.steps)
        parent = _ref(identity, store)
    evaluation = links.evaluation(parent)
    yield _step(evaluation, store, past.estimate(evaluation, base, 1))


def _ref(identity: Identity, store: Store) -> Ref:
    found = store.find(identity)
    return found.ref if found else identity.ref


def _step(identity: Identity, store: Store, estimate: Estimate | None, steps: int = 0) -> Step:
    if found := store.find(identity):
        note = "" if found.path.name == identity.name else "its code has changed since (reuse=always)"
        return Step(identity.kind, found.path.name, "reuse", note, steps)
    verb = VERBS.get(identity.kind, "train")
    return Step(identity.kind, identity.name, verb, _reason(identity, store), steps, estimate)


def _reason(identity: Identity, store: Store) -> str:
    if (store.root / f"{identity.name}.partial").exists():
        return "half-written by an earlier run: resumes"
    if (store.root / identity.name).exists():
        return "reuse=never"
    wanted = dict(_leaves(identity.document()))
    differences = [_differences(dict(_leaves(record["identity"])), wanted) for record in store.records(identity.kind)]
    if not differences:
        return "nothing like it in the store"
    # Of what stands on the same link, the nearest; only then of what stands on another.
    return _describe(min(differences, key=lambda difference: ("parent" in difference, len(difference))))


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{place}\0{key}" if place else str(key))
    else:
        yield place, value


def _differences(had: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    keys = sorted(had.keys() | wanted.keys())
    return {key: (had.get(key), wanted.get(key)) for key in keys if had.get(key) != wanted.get(key)}


def _describe(differences: Mapping[str, tuple[Any, Any]]) -> str:
    """The nearest sealed result's differences in words: settings first, then code, then what it builds on."""
    body = {key: pair for key, pair in differences.items() if key.startswith("body\0")}
    code = [key.split("\0")[-1] for key in differences if key.startswith("code\0")]
    if body:
        return _some([f"{'.'.join(key.split(chr(0))[1:])}: {was} -> {now}" for key, (was, now) in body.items()])
    if code:
        return f"code changed in {_some(code)}; reuse=always overlooks that"
    return "follows a link that is made anew"


def _some(items: list[str]) -> str:
    rest = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
