"""The sound of a row, read when a batch needs it: lengths are known from headers, and memory holds what is in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Sound:
    """Takes `tokens` of a prompt; `read` gives `length` frames or tokens, float32 (length, width). For NumPy it is an array."""

    def __init__(self, tokens: int, length: int, read: Callable[[], NDArray[np.float32]]) -> None:
        self.tokens, self._length, self._read = tokens, length, read

    def __len__(self) -> int:
        return self._length

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self._read(), dtype)
