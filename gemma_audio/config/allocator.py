"""How torch's CUDA allocator is set up, before torch is imported: micro-batches of many lengths leave no fragments behind."""

from __future__ import annotations

from collections.abc import MutableMapping

VARIABLE, VALUE = "PYTORCH_ALLOC_CONF", "expandable_segments:True"
OLDER = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_HIP_ALLOC_CONF")
"""Names that torch still reads; a user who set one of them meant it."""


def expand_segments(env: MutableMapping[str, str]) -> None:
    """Let segments grow; what the user set already stays. Processes that are started later inherit it."""
    if not any(name in env for name in (VARIABLE, *OLDER)):
        env[VARIABLE] = VALUE
