"""The report of a sweep that goes on, rebuilt without keeping a cell waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Background:
    """Calls `work` in a thread of its own, once for all requests that came while it was busy; `failed` gets what it raises."""

    def __init__(self, work: Callable[[], None], failed: Callable[[BaseException], None]) -> None:
        self._work, self._failed = work, failed
        self._wanted, self._over = threading.Event(), False
        self._thread = threading.Thread(target=self._serve, name="report", daemon=True)

    def request(self) -> None:
        """Ask for the work to be done soon, with all that is on disk by now."""
        self._wanted.set()
        if not self._thread.is_alive() and not self._over:
            self._thread.start()

    def close(self) -> None:
        """Wait for the work in hand; what was only asked for is dropped."""
        self._over = True
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    def _serve(self) -> None:
        while self._wanted.wait() and not self._over:
            self._wanted.clear()
            try:
                self._work()
            except BaseException as error:  # not even a library that exits may end the thread
                self._failed(error)
