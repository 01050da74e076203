"""Tells the subscribers of events what happens; no execution waits for them, or fails by them."""

from __future__ import annotations

import json
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from cicd.observe.envelope import envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cicd.event import JSON, Event
    from cicd.observe.subscriber import Subscriber
    from cicd.ports import Described, LogBlock, LogLine, Watcher


class Notifier:
    """
    A ``Reporter`` that hands events on, each subscriber in the order in which they happened.

    A subscriber that fails is named once, and is still told of what comes.
    """

    def __init__(
        self,
        subscribers: Sequence[Subscriber],
        watcher: Callable[[], Watcher],
        complain: Callable[[str], None],
    ) -> None:
        """Begin to listen; a thread begins with the first event that anybody wants."""
        self._subscribers = tuple(subscribers)
        self._watcher, self._complain = watcher, complain
        self._queue: SimpleQueue[tuple[Subscriber, Mapping[str, JSON]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def event(self, stream: str, event: Event, said: Described) -> None:
        """See ``Reporter``."""
        told = envelope(stream, event, said)
        if told is None:
            return
        for subscriber in self._subscribers:
            if subscriber.pattern is None or subscriber.pattern(told):
                with self._lock:
                    self._queue.put((subscriber, told))
                    if self._thread is None:
                        self._thread = threading.Thread(
                            target=self._work, name="subscribers", daemon=True
                        )
                        self._thread.start()

    def line(self, stream: str, line: LogLine) -> None:
        """Lines of output are no events."""

    def block(self, stream: str, block: LogBlock) -> None:
        """Lines of output are no events."""

    def close(self) -> None:
        """Wait until all has been told; a subscriber has only its timeout."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        watcher = self._watcher()
        failed: set[str] = set()
        while (item := self._queue.get()) is not None:
            subscriber, told = item
            answer = watcher.tell(subscriber.probe, json.dumps(told, ensure_ascii=False))
            if not answer.good and subscriber.name not in failed:
                failed.add(subscriber.name)
                self._complain(
                    f"the subscriber '{subscriber.name}' was not told of "
                    f"'{told['detail-type']}': {answer.words}"
                )
