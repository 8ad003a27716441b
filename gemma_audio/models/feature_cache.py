"""Outputs of a frozen audio tower on disk: each under the digest of what made it, whole or not at all, checked when read."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import Lock, get_ident

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

DIGEST = 32  # bytes of a sha256
SUFFIX = ".features"
PARTIAL = ".partial"
STALE = 3600.0  # seconds after which a file that was never finished belongs to a process that died
MEMORY = 1 << 30
RESERVE = 2_000_000_000
"""Free bytes that the cache leaves on its disk for what must be written: weights and checkpoints."""


class FeatureCache:
    """Tensors by key in `folder`, the latest `memory` bytes of them in memory too. Any number of processes may share it.

    `counts` says how many entries were read, written, damaged (and removed), and left unwritten because the disk is nearly full.
    """

    def __init__(self, folder: Path, memory: int = MEMORY, reserve: int = RESERVE) -> None:
        self.folder, self.memory, self.reserve = folder, memory, reserve
        self.counts = Counter[str]()
        self._recent: OrderedDict[str, Tensor] = OrderedDict()
        self._held, self._lock = 0, Lock()
        self._clear_partial()

    def holds(self, key: str) -> bool:
        """Whether there is an entry; a damaged one is found out when it is read."""
        return key in self._recent or self._path(key).exists()

    def get(self, key: str) -> Tensor | None:
        """The tensor as it was put, on the CPU and not to be changed; None where there is none that is whole."""
        with self._lock:
            if key in self._recent:
                self._recent.move_to_end(key)
                return self._recent[key]
        tensor = self._read(key)
        if tensor is not None:
            self._remember(key, tensor)
        return tensor

    def put(self, key: str, tensor: Tensor) -> None:
        """Keep a CPU tensor; a disk that is full or read-only costs only the entry on disk."""
        self._remember(key, tensor)
        self.counts["written" if self._write(key, tensor) else "unwritten"] += 1

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{SUFFIX}"

    def _read(self, key: str) -> Tensor | None:
        try:
            data = self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            data = b""
        try:
            if _digest(key, data[DIGEST:]) != data[:DIGEST]:
                raise ValueError
            tensor = load(data[DIGEST:])["features"]
        except (ValueError, KeyError, SafetensorError):
            self.counts["damaged"] += 1
            self._path(key).unlink(missing_ok=True)
            return None
        self.counts["read"] += 1
        return tensor

    def _write(self, key: str, tensor: Tensor) -> bool:
        path, payload = self._path(key), save({"features": tensor.contiguous()})
        partial = self.folder / PARTIAL / f"{key}.{os.getpid()}.{get_ident()}"
        try:
            partial.parent.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(exist_ok=True)
            if shutil.disk_usage(self.folder).free < self.reserve + len(payload):
                return False
            partial.write_bytes(_digest(key, payload) + payload)
            os.replace(partial, path)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            return False
        return True

    def _remember(self, key: str, tensor: Tensor) -> None:
        with self._lock:
            if key not in self._recent:
                self._recent[key] = tensor
                self._held += tensor.nbytes
            while self._held > self.memory and len(self._recent) > 1:
                self._held -= self._recent.popitem(last=False)[1].nbytes

    def _clear_partial(self) -> None:
        for path in (self.folder / PARTIAL).glob("*"):
            with suppress(OSError):  # another process was faster
                if time.time() - path.stat().st_mtime > STALE:
                    path.unlink(missing_ok=True)


def _digest(key: str, payload: bytes) -> bytes:
    total = hashlib.sha256(key.encode())  # with the key, so that an entry under another's name is damage
    total.update(payload)
    return total.digest()
