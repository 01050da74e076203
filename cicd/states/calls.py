"""What a Task comes to: its function is called once an attempt, within its time. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.states.ending import Done, Ending, Failed, InvokeFunction, Waiting, World
from cicd.states.failure import runtime
from cicd.states.machine import ErrorName, Task
from cicd.states.moments import is_seconds
from cicd.states.paths import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON


def call(task: Task, given: JSON, key: str, context: Mapping[str, JSON], world: World) -> Ending:
    """
    Say what a task comes to: the answer to its call, or that it is called and waited for.

    Raises:
        StateFailure: The input names no function, or a path gives no timeout.

    """
    function, payload = task.function, given
    if not function:
        asked = given if isinstance(given, dict) else {}
        function, payload = str(asked.get("FunctionName") or ""), asked.get("Payload", {})
        if asked.get("Qualifier"):
            function += f":{asked['Qualifier']}"
        if not asked.get("FunctionName"):
            raise runtime("The field 'FunctionName' of 'Parameters' is missing")
    timeout = task.timeout
    if task.timeout_path is not None:
        found = read(task.timeout_path, given, context)
        if not is_seconds(found) or not found:
            raise runtime(f"'{task.timeout_path}' is no number of seconds above 0")
        timeout = found
    answer, began = world.answers.get(key), world.started.get(key)
    if timeout is not None and began is not None:
        late = began + timedelta(seconds=timeout)
        if (world.now if answer is None else answer.at) >= late:
            return Failed(at=late, error=ErrorName.TIMEOUT, cause="")
    if answer is None:
        command = InvokeFunction(
            key=key, function=function, payload=payload, wrapped=not task.function
        )
        ends = None
        if timeout is not None:
            ends = (began or world.now) + timedelta(seconds=timeout)
        return Waiting(commands=(command,), until=ends)
    if answer.error:
        return Failed(at=answer.at, error=answer.error, cause=answer.cause)
    return Done(at=answer.at, output=answer.output)
