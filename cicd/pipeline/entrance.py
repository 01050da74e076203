"""Where an execution waits in front of its stages, and where it says that it has left one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.signals import send_after
from cicd.pipeline.admission import (
    ARRIVED,
    LEFT,
    Admission,
    Admissions,
    admit,
    fold,
    is_held,
    state_stream,
    what_is_waited_for,
)
from cicd.pipeline.spec import ExecutionMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.engine.process import Scope
    from cicd.event import JSON
    from cicd.pipeline.commands import EnterStage
    from cicd.pipeline.plan import PipelinePlan
    from cicd.ports import Services


class Entrance:
    """
    What one execution knows of the stages of its pipeline, which others enter as well.

    A pipeline's stream tells of all its executions that ever were, so each event of it is read
    and folded once.
    """

    def __init__(self, plan: PipelinePlan, services: Services) -> None:
        """Take the execution, and where its pipeline's stream is; nothing is read yet."""
        self._execution, self._mode = plan.execution_id, plan.execution_mode
        self._stream = state_stream(plan.name)
        self._services = services
        self._lock = threading.Lock()
        self._version, self._known = 0, Admissions()

    def enter(self, command: EnterStage, scope: Scope, say: Callable[[str], None]) -> Outcome:
        """Arrive, and wait in front of the stage until it is ours."""
        if self._mode is ExecutionMode.PARALLEL:
            return Outcome(status=OutcomeStatus.DONE)
        services, told = self._services, set[bool]()
        inbox = services.clock.inbox()
        scope.cancel.on_cancel(lambda: inbox.put(None))
        unsubscribe = services.log.subscribe(lambda _: inbox.put(None))
        try:
            while scope.cancel.reason is None:
                match admit(self._now(), command.stage, self._execution):
                    case None:
                        self._tell(ARRIVED, command.stage, again=command.again)
                        continue
                    case Admission.ENTER:
                        return Outcome(status=OutcomeStatus.DONE)
                    case Admission.SUPERSEDED:
                        return Outcome(status=OutcomeStatus.DONE, detail={"superseded": True})
                    case Admission.WAIT:
                        # Once for those inside, however many come after one another, and once
                        # for a transition, which somebody may disable meanwhile.
                        state = self._now()
                        if (held := is_held(state, command.stage)) not in told:
                            told.add(held)
                            say(what_is_waited_for(state, command.stage))
                inbox.take(None)
        finally:
            unsubscribe()
        self.leave(command.stage)
        return Outcome(status=OutcomeStatus.CANCELLED, reason=scope.cancel.reason)

    def leave(self, stage: str) -> None:
        """Let the next one in."""
        if self._mode is not ExecutionMode.PARALLEL:
            self._tell(LEFT, stage)

    def _now(self) -> Admissions:
        with self._lock:
            events = self._services.log.read(self._stream, after=self._version)
            self._known = fold((event for _, event in events), self._known)
            self._version += len(events)
            return self._known

    def _tell(self, signal: str, stage: str, *, again: bool = False) -> None:
        data: dict[str, JSON] = {
            "signal": signal,
            "stage": stage,
            "execution": self._execution,
            "mode": self._mode.value,
            **({"again": True} if again else {}),
        }
        send_after(self._version, self._services.log, self._services.clock, self._stream, data)
