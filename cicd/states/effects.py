"""The hands of an execution of a state machine: functions of this machine are invoked."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from cicd.engine.process import Outcome, OutcomeStatus
from cicd.functions.refusal import FunctionRefused
from cicd.functions.run import Functions
from cicd.states.ending import InvokeFunction

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.engine.process import Command, Scope
    from cicd.event import JSON
    from cicd.functions.run import Invocation
    from cicd.ports import Services


class StatesEffects:
    """Performs the commands of one execution."""

    def __init__(
        self, services: Services, say: Callable[[str], None], ready: Callable[[str], None]
    ) -> None:
        """
        Invoke nothing yet.

        Args:
            services: Whose functions are invoked.
            say: Gets what they print.
            ready: Is given the name of each before it is invoked, to make it if need be.

        """
        self._services = services
        self._ready = ready
        self._functions = Functions(services)
        self._say = say

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """
        Invoke, and wait for the answer.

        One that is waited for no more goes on to its end, as in the cloud; nobody hears of it.
        """
        assert isinstance(command, InvokeFunction), "StatesProcess starts nothing else"
        try:
            self._ready(command.function)
            prepared = self._functions.prepare(
                command.function, payload=json.dumps(command.payload).encode()
            )
        except FunctionRefused as refusal:
            error = f"Lambda.{refusal.code}"
            return _failed(error, f"{refusal.message} (Service: Lambda, {refusal.code})")
        return self._heard(command, prepared, scope)

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """Invoke again: the function ended with the driver that had invoked it."""
        return self.perform(command, scope)

    def close(self) -> None:
        """Hold nothing."""

    def _heard(self, command: InvokeFunction, prepared: Invocation, scope: Scope) -> Outcome:
        clock = self._services.clock
        inbox = clock.inbox()
        heard: list[Outcome | BaseException] = []
        booking = clock.working()

        def invoke() -> None:
            with booking:
                try:
                    heard.append(self._invoke(command, prepared))
                except BaseException as problem:  # noqa: BLE001 - it is raised where it is awaited
                    heard.append(problem)
                inbox.put(None)

        scope.cancel.on_cancel(lambda: inbox.put(None))
        threading.Thread(target=invoke, daemon=True).start()
        while not heard:
            if scope.cancel.reason is not None:
                return Outcome(status=OutcomeStatus.CANCELLED, reason=scope.cancel.reason)
            inbox.take(None)
        (outcome,) = heard
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _invoke(self, command: InvokeFunction, prepared: Invocation) -> Outcome:
        done = self._functions.invoke(prepared)
        for line in done.answer.log.splitlines():
            self._say(line)
        words = done.answer.payload.decode("utf-8", "replace")
        output: JSON = json.loads(words)
        if done.answer.error:
            shape = output if isinstance(output, dict) else {}
            return _failed(str(shape.get("errorType") or "Lambda.Unknown"), words)
        if command.wrapped:
            output = {"ExecutedVersion": done.version, "Payload": output, "StatusCode": 200}
        return Outcome(status=OutcomeStatus.DONE, detail={"output": output})


def _failed(error: str, cause: str) -> Outcome:
    return Outcome(status=OutcomeStatus.FAILED, detail={"error": error, "cause": cause})
