"""A function is invoked as a job, again with each token, until it says how the job went."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.errors import CicdError
from cicd.functions.run import Functions
from cicd.pipeline.jobs.job import Job, JobResult, job_event
from cicd.pipeline.jobs.ledger import result_of, submit
from cicd.pipeline.jobs.series import jobs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.engine.process import Scope
    from cicd.ports import Services

SILENCE: Final = timedelta(minutes=20)
"""What a function has for its report. Source: CodePipeline User Guide, "Quotas"."""
_FAREWELL: Final = timedelta(seconds=5)  # for a function to end that has reported
BEFORE_THE_NEXT: Final = timedelta(seconds=30)  # after a token; the service says nothing of it


class Silent(CicdError):
    """A function has not reported within its time."""


def follow(
    first: Job, services: Services, scope: Scope, say: Callable[[str], None]
) -> JobResult | None:
    """
    Invoke the function, and wait for its report; None: it was asked to stop meanwhile.

    Each invocation is a job of its own, whose id follows from the first one's: so whoever goes
    on after a crash finds those that were answered. One that was not is invoked again: it ended
    with who had invoked it, and Lambda, too, invokes at least once.

    Raises:
        FunctionRefused: There is no such function.
        Silent: No report came within 20 minutes of an invocation, whatever it returned.

    """
    functions = Functions(services)
    functions.prepare(first.configuration["FunctionName"])
    for job in jobs_of(first, services):
        known = result_of(job.id, services)
        result = known or _asked(job, functions, services, scope, say)
        if result is None or not (result.succeeded and result.continuation_token):
            return result
        if known is None:
            say(
                f"{job.configuration['FunctionName']} goes on later: {result.summary}".rstrip(": ")
            )
            _pause(services, scope)
        if scope.cancel.reason is not None:
            return None
    return None


def _asked(
    job: Job,
    functions: Functions,
    services: Services,
    scope: Scope,
    say: Callable[[str], None],
) -> JobResult | None:
    submit(job, services)
    name = job.configuration["FunctionName"]
    inbox = services.clock.inbox()
    scope.cancel.on_cancel(lambda: inbox.put(None))
    unsubscribe = services.log.subscribe(lambda _: inbox.put(None))
    deadline = services.clock.now() + SILENCE
    booking = services.clock.working()
    ended = threading.Event()

    def invoke() -> None:
        with booking:
            _invoke(job, functions, say)
            ended.set()
            inbox.put(None)

    threading.Thread(target=invoke, daemon=True).start()
    try:
        while (result := result_of(job.id, services)) is None:
            if scope.cancel.reason is not None:
                return None
            if services.clock.now() >= deadline:
                raise Silent(
                    f"the function {name} did not call PutJobSuccessResult or "
                    "PutJobFailureResult within 20 minutes: what it returns is no report",
                    hint="call put_job_success_result(jobId=event['CodePipeline.job']['id'])",
                )
            inbox.take(deadline)
        # What it prints belongs to this execution's log, so its end is waited for a little.
        until = services.clock.now() + _FAREWELL
        while not ended.is_set() and services.clock.now() < until:
            inbox.take(until)
    finally:
        unsubscribe()
    return result


def _invoke(job: Job, functions: Functions, say: Callable[[str], None]) -> None:
    name = job.configuration["FunctionName"]
    try:
        payload = json.dumps(job_event(job)).encode()
        done = functions.invoke(functions.prepare(name, payload=payload))
    except CicdError as problem:
        say(f"{name} could not be invoked: {problem.message}")
        return
    if done.answer.error:
        say(f"{name} ended with an error: {done.answer.payload.decode('utf-8', 'replace')}")
    for line in done.answer.log.splitlines():
        say(line)


def _pause(services: Services, scope: Scope) -> None:
    inbox = services.clock.inbox()
    scope.cancel.on_cancel(lambda: inbox.put(None))
    until = services.clock.now() + BEFORE_THE_NEXT
    while services.clock.now() < until and scope.cancel.reason is None:
        inbox.take(until)
