"""How a piece of work is asked to stop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class CancelToken:
    """
    Asks one piece of work to stop. Never unset.

    The first reason stays, but for "KILLED" (no grace), which may follow any other one.
    """

    def __init__(self) -> None:
        """Start unset."""
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def reason(self) -> str | None:
        """Such as "TIMED_OUT", "STOPPED" or "KILLED" (no grace); ``None``: go on."""
        return self._reason

    def cancel(self, reason: str) -> None:
        """Ask for the end; idempotent, the first reason stays unless this one is "KILLED"."""
        with self._lock:
            if self._reason == "KILLED" or (self._reason is not None and reason != "KILLED"):
                return
            self._reason = reason
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call back when cancelled, on the canceller's thread, at once if already set;
        and once more when "KILLED" follows another reason."""
        with self._lock:
            self._callbacks.append(callback)
            cancelled = self._reason is not None
        if cancelled:
            callback()
