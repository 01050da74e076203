"""
Who drives a stream: one process at a time.

A driver says every few seconds that it is there.
One whose process is gone from this machine is followed at once,
one that cannot be asked (another machine's) after ``SILENCE``.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from cicd.errors import Conflict, Unavailable
from cicd.store.process_identity import is_alive, own_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.store.database import Database

HEARTBEAT = 5.0  # seconds
SILENCE = 30.0  # seconds after which a driver that cannot be asked counts as dead


class Drivers:
    """
    The table of drivers.

    Seconds here are the machine's own, not the ``Clock``'s:
    they are compared between processes, each of which may run its executions on another clock.
    """

    def __init__(self, database: Database, *, wall: Callable[[], float] = time.time) -> None:
        """Use ``database``; ``wall`` gives seconds since 1970."""
        self._database = database
        self._wall = wall

    def living(self, driver: str, seen_at: float) -> bool:
        """Tell whether that driver still counts."""
        alive = is_alive(driver)
        return self._wall() - seen_at < SILENCE if alive is None else alive

    @contextmanager
    def drive(self, stream: str) -> Iterator[None]:
        """Be the one driver while inside; raises ``Conflict`` while another one lives."""
        self._take(stream)
        over = threading.Event()
        heart = threading.Thread(
            target=self._beat, args=(stream, over), name=f"heartbeat {stream}", daemon=True
        )
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()
            # A row that cannot be cleared (full disk) is cleared by the end of this process.
            with suppress(Unavailable), self._database.transaction() as transaction:
                transaction.write(
                    "DELETE FROM drivers WHERE stream = ? AND driver = ?",
                    (stream, own_identity()),
                )

    def _take(self, stream: str) -> None:
        with self._database.transaction() as transaction:
            rows = transaction.rows(
                "SELECT driver, seen_at FROM drivers WHERE stream = ?", (stream,)
            )
            for driver, seen_at in cast("list[tuple[str, float]]", rows):
                if self.living(driver, seen_at):
                    raise Conflict(
                        f"'{stream}' is being driven by {_in_words(driver)}",
                        hint="wait for it, or stop it from here",
                    )
            transaction.write(
                "INSERT OR REPLACE INTO drivers (stream, driver, seen_at) VALUES (?, ?, ?)",
                (stream, own_identity(), self._wall()),
            )

    def _beat(self, stream: str, over: threading.Event) -> None:
        while not over.wait(HEARTBEAT):
            # A beat missed for a busy or full disk is made up by the next one.
            with suppress(Unavailable), self._database.transaction() as transaction:
                transaction.write(
                    "UPDATE drivers SET seen_at = ? WHERE stream = ? AND driver = ?",
                    (self._wall(), stream, own_identity()),
                )


def _in_words(driver: str) -> str:
    host, pid, _ = driver.rsplit(":", 2)
    return f"process {pid} on {host.partition('/')[0]}"
