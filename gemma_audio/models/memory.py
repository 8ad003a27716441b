"""Telling "out of memory" from every other error: only the former may be tried again with less."""

from __future__ import annotations

import gc

import torch

_TEXTS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "status_alloc_failed")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether `error` says that memory ran out: CUDA's, another accelerator's, the CPU allocator's or Python's own."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _TEXTS)


def release() -> None:
    """Give cached memory back. Call it outside the `except` block: there the traceback still holds the tensors."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
