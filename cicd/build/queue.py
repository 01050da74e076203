"""QUEUED: a build's place among those that may run at once, over all processes of a home."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from cicd.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.ports import CancelToken, Services


class Queue:
    """
    One build in the queue: it waits for a place, has it, and leaves it.

    A place is driven like an execution, so the end of a process frees it, however it ends.
    Who has waited longest has no first claim.
    Source: user guide, "Build phase transitions", QUEUED; builds start in no order.
    """

    def __init__(self, places: int, services: Services) -> None:
        """Take how many builds may run at once; 0: any number."""
        self._places = places
        self._services = services
        self._held: ExitStack | None = None

    def take(self) -> bool:
        """Take a place if one is free, and tell whether the build has one now."""
        if self._held is not None or not self._places:
            return True
        for number in range(1, self._places + 1):
            held = ExitStack()
            try:
                held.enter_context(self._services.executions.drive(f"place/{number}"))
            except Conflict:
                continue
            self._held = held
            return True
        return False

    def wait(self, cancel: CancelToken, told: Callable[[], None]) -> str | None:
        """Wait for a place; ``told`` is called if none is free. Gives why it was cancelled."""
        inbox = self._services.clock.inbox()
        cancel.on_cancel(lambda: inbox.put(None))
        waits = False
        while not self.take():
            if cancel.reason is not None:
                return cancel.reason
            if not waits:
                waits = True
                told()
            inbox.take(None)
        return None

    def leave(self) -> None:
        """Give the place up; safe twice."""
        if self._held is not None:
            self._held.close()
            self._held = None
