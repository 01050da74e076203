"""Executions that the endpoint was asked for: each is driven to its end on a thread of its own."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.errors import CicdError, Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.ports import Services


class Drives:
    """
    What is driven here. Ctrl-C asks each execution to stop, as it does in ``cicd pipeline run``.

    A start that is asked for again with the same token is the same start.
    """

    def __init__(self, services: Services) -> None:
        """Begin with nothing."""
        self._services = services
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._started: dict[str, str] = {}

    def drive(self, stream: str, work: Callable[[Services], object]) -> None:
        """Begin ``work``, which drives ``stream``; what it cannot do is said in its log."""
        thread = threading.Thread(target=self._work, args=(stream, work), name=stream, daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()]
            self._threads.append(thread)
            thread.start()

    def once(self, token: str, start: Callable[[], str]) -> str:
        """Give what ``start`` gives; of two with one token the second gives the first's."""
        if not token:
            return start()
        with self._starting:
            if token not in self._started:
                self._started[token] = start()
            return self._started[token]

    def close(self) -> None:
        """Wait until everything has ended, and what that began, too."""
        while (thread := self._taken()) is not None:
            thread.join()

    def _taken(self) -> threading.Thread | None:
        with self._lock:
            return self._threads.pop() if self._threads else None

    def _work(self, stream: str, work: Callable[[Services], object]) -> None:
        from cicd.pipeline.journal import say
        from cicd.ports import CancelToken

        own = CancelToken()
        asked = self._services.cancel
        asked.on_cancel(lambda: own.cancel(asked.reason or "STOPPED"))
        try:
            work(replace(self._services, cancel=own))
        except Conflict:  # somebody else was quicker, and drives it
            return
        except CicdError as problem:
            say(self._services, stream, f"nobody drives this now: {problem.message}")
