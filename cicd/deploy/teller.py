"""Tells the subscribers of triggers what happens; the deployment never waits for them."""

from __future__ import annotations

import json
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from cicd.deploy.history import stream_of
from cicd.deploy.notices import notices
from cicd.ports import LogLine

if TYPE_CHECKING:
    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState
    from cicd.deploy.trigger import Trigger
    from cicd.event import Event
    from cicd.ports import Services


class Teller:
    """
    One deployment's. What a subscriber answers is in the deployment's log, and changes nothing.

    A driver that dies may leave the last events untold; none is told twice by a resume.
    """

    def __init__(self, process: DeploymentProcess, services: Services) -> None:
        """Begin to tell; ``close`` ends it."""
        self._process = process
        self._services = services
        self._queue: SimpleQueue[tuple[Trigger, str, str] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        if process.plan.triggers:
            self._thread = threading.Thread(target=self._work, name="triggers", daemon=True)
            self._thread.start()

    def event(self, state: DeploymentState, event: Event) -> None:
        """Let everybody know who wants to; ``state`` is the one that the event led to."""
        if self._thread is None:
            return
        for kind, payload in notices(self._process, state, event):
            instance = payload.get("instanceId")
            what = f"{kind} of {instance}" if instance else str(kind)
            for trigger in self._process.plan.triggers:
                if kind in trigger.events:
                    text = json.dumps({"eventTriggerName": trigger.name, **payload})
                    self._queue.put((trigger, what, text))

    def close(self) -> None:
        """Wait until all has been told; a subscriber has only its timeout."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            trigger, what, text = item
            answer = self._services.watcher().tell(trigger.subscriber, text)
            how = "told" if answer.good else "not told"
            line = LogLine(
                at=self._services.clock.now(),
                origin="",
                text=f"Trigger {trigger.name}: {what} {how}: {answer.words}",
            )
            stream = stream_of(self._process.plan.deployment_id)
            self._services.logs.append(stream, line)
            if not answer.good:
                for reporter in self._services.reporters:
                    reporter.line(stream, line)
