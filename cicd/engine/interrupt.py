"""Ctrl-C and terminate: ask, then insist, then leave."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

from cicd.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from cicd.ports import CancelToken


class Interrupts:
    """What the user has asked for so far."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.count = 0  # requests so far: 1 asked, 2 insisted, 3 left
        self.exit_code: ExitCode | None = None  # by the first signal; None: nobody asked


@contextmanager
def interrupts(cancel: CancelToken, *, leave: Callable[[], None]) -> Iterator[Interrupts]:
    """
    Turn signals into wishes while inside.

    The first Ctrl-C cancels ``cancel`` with "STOPPED", the second with "KILLED" (no grace), the
    third calls ``leave``, which says what is left behind and ends the process.
    A terminate signal counts as a first Ctrl-C, and never as more.
    Only for the main thread, since only it may set signal handlers; those that were set before
    are set again at the end.

    All three are done on a thread of their own: a handler runs between any two steps of the main
    thread, so it may hold the very lock that cancelling, or printing, needs.
    """
    asked = Interrupts()
    requests: SimpleQueue[signal.Signals | None] = SimpleQueue()

    def note(number: int, _frame: FrameType | None) -> None:
        requests.put(signal.Signals(number))

    def obey() -> None:
        while (request := requests.get()) is not None:
            if request is signal.SIGTERM and asked.count > 0:
                continue
            asked.count += 1
            if asked.count == 1:
                terminated = request is signal.SIGTERM
                asked.exit_code = ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED
                cancel.cancel("STOPPED")
            elif asked.count == 2:
                cancel.cancel("KILLED")
            else:
                leave()

    watcher = threading.Thread(target=obey, name="interrupts", daemon=True)
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    watcher.start()
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        requests.put(None)
        watcher.join()
