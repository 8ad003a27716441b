"""Content-addressed folders: work that is done is found by what it is, whichever run of whichever sweep did it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from gemma_audio.config.kinds import Reuse
from gemma_audio.errors import StoreError
from gemma_audio.sweep.fingerprint import Identity, Ref
from gemma_audio.sweep.seal import IDENTITY, MANIFEST, SCRATCH, damage, rename, seal, unseal, write_json


class Stored(NamedTuple):
    """A sealed folder, whether it was there before, and the link that work building on it refers to."""

    path: Path
    reused: bool
    ref: Ref


@dataclass
class Store:
    """`root` holds `<kind>-<fingerprint>/` folders; `say` gets a line about everything out of the ordinary.

    With reuse=never only what was sealed at or after `since` (seconds since the epoch) counts, so that the cells of one sweep
    still share their work. Folders named in `verified` were checked by the caller a moment ago.
    """

    root: Path
    reuse: Reuse = Reuse.missing
    since: float = 0.0
    say: Callable[[str], None] = print
    verified: set[str] = field(default_factory=set)

    def find(self, identity: Identity) -> Stored | None:
        """The sealed folder that would be reused for `identity`, by its name alone (content is checked on use)."""
        if self._counts(exact := self.root / identity.name):
            return Stored(exact, True, identity.ref)
        if self.reuse is not Reuse.always:
            return None
        for record in self.records(identity.kind):
            if record["without_code"] == identity.ref.without_code:
                return Stored(self.root / record["name"], True, Ref(record["fingerprint"], record["without_code"]))
        return None

    def records(self, kind: str) -> list[dict[str, Any]]:
        """identity.json of every sealed folder of `kind`, the newest first."""
        folders = [path.parent for path in self.root.glob(f"{kind}-*/{MANIFEST}") if _is_sealed(path.parent)]
        found = [record for folder in folders if (record := _record(folder)) and record["identity"]["kind"] == kind]
        return sorted(found, key=lambda record: -float(record["begun_at"]))

    def get_or_build(self, identity: Identity, build: Callable[[Path], object]) -> Stored:
        """Return the sealed folder of `identity`, made by `build(folder)` if it must be.

        A build that was interrupted goes on in the folder it left, without the files that were damaged since. Raises StoreError
        if it may not be made (reuse=only) or the store cannot be written; whatever `build` raises passes through and leaves its
        folder for the next attempt.
        """
        with self._lock(identity.name):
            if found := self._intact(identity):
                return found
            if self.reuse is Reuse.only:
                remedy = "Type reuse=missing to make it, or plan=true to see why it is not there."
                raise StoreError(f"{identity.name} is not in {self.root} and reuse=only forbids to make it. {remedy}")
            partial = self._partial(identity)
            if not (partial / MANIFEST).exists():
                build(partial)
                seal(partial)
            return Stored(self._publish(partial, identity.name), False, identity.ref)

    def verify(self, name: str) -> bool:
        """Whether a sealed folder is as it was sealed; one that is not is moved aside, so that it is made again."""
        if name in self.verified:
            return True
        folder = self.root / name
        if problems := damage(folder):
            aside = _unused(folder.with_name(f"{name}.damaged"))
            self.say(f"DAMAGED: store/{name}: {'; '.join(problems[:3])}. Moved to {aside.name}; it is made again.")
            rename(folder, aside)
            return False
        self.verified.add(name)
        return True

    def _intact(self, identity: Identity) -> Stored | None:
        while found := self.find(identity):
            if self.verify(found.path.name):
                return found
        return None

    def _counts(self, folder: Path) -> bool:
        if not (folder / MANIFEST).exists():
            return False
        return self.reuse is not Reuse.never or folder.stat().st_mtime >= self.since

    def _partial(self, identity: Identity) -> Path:
        partial = self.root / f"{identity.name}.partial"
        self._unseal(partial)
        record = _record(partial)
        if record and self.reuse is Reuse.never and float(record["begun_at"]) < self.since:
            shutil.rmtree(partial)
        elif record:
            self.say(f"resuming store/{partial.name}, which an earlier run left half-written")
            return partial
        partial.mkdir(parents=True, exist_ok=True)
        ref = identity.ref
        names = {"schema": 1, "name": identity.name, "fingerprint": ref.fingerprint, "without_code": ref.without_code}
        write_json(partial / IDENTITY, {**names, "begun_at": time.time(), "identity": identity.document()})
        return partial

    def _unseal(self, partial: Path) -> None:
        """Open a folder that was damaged after its seal and before its name; whole, it is left for its name."""
        if (partial / MANIFEST).exists() and (problems := unseal(partial)):
            self.say(f"DAMAGED: store/{partial.name}: {'; '.join(problems[:3])}. Removed; it is finished again.")

    def _publish(self, partial: Path, name: str) -> Path:
        home = self.root / name
        if home.exists():  # reuse=never: the earlier result makes room only now that the new one is whole
            shutil.rmtree(_rename_aside(home))
        partial.touch()
        rename(partial, home)
        shutil.rmtree(home / SCRATCH, ignore_errors=True)
        self.verified.add(name)
        return home

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        locks = self.root / ".locks"
        try:
            locks.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The store {self.root} cannot be written ({error.strerror}). Type out=FOLDER.") from None
        lock = FileLock(locks / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self.say(f"waiting for {name}, which another process is making")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _rename_aside(folder: Path) -> Path:
    """Rename `folder` out of the way and return its new place."""
    aside = _unused(folder.with_name(f"{folder.name}.old"))
    rename(folder, aside)
    return aside


def _unused(path: Path) -> Path:
    candidates = (path.with_name(f"{path.name}{number or ''}") for number in range(10_000))
    return next(candidate for candidate in candidates if not candidate.exists())


def _is_sealed(folder: Path) -> bool:
    return "." not in folder.name.rsplit("-", 1)[-1]


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / IDENTITY).read_text())
        return record if {"name", "fingerprint", "without_code", "begun_at", "identity"} <= record.keys() else None
    except (OSError, ValueError, AttributeError):
        return None
