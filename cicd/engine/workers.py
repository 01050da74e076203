"""The threads on which an execution's commands run: kept, and given one command after another."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Workers:
    """Threads of one coordinator, and only it may ask; there are never more than are busy."""

    def __init__(self, name: str) -> None:
        """Name the threads; none begins before there is work."""
        self._name = name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = 0

    def do(self, work: Callable[[], None], *, busy: int) -> None:
        """Have ``work``, which raises nothing, done now; ``busy`` are doing something else."""
        if busy >= self._threads:
            self._threads += 1
            threading.Thread(
                target=self._run,
                name=f"{self._name} {self._threads}",
                daemon=True,  # one that ignores its token must not keep the program alive
            ).start()
        self._work.put(work)

    def close(self) -> None:
        """Let every thread go once it has done its work, which is not waited for."""
        for _ in range(self._threads):
            self._work.put(None)
        self._threads = 0

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # nothing of it is held while there is none
