"""
The room's public face: plan, run, resume and stop a build.

``run_build`` takes its token from ``services.cancel``: who runs a build inside something else
gives ``dataclasses.replace(services, cancel=token)``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.attempts import follow_up, following
from cicd.build.compile import compile_plan, refusal
from cicd.build.debug.break_on import check_break
from cicd.build.debug.rewind import as_it_is
from cicd.build.effects import BuildEffects
from cicd.build.fold import fold_build
from cicd.build.limit import check_limit
from cicd.build.log.journal import Journal
from cicd.build.log.narrator import Narrator
from cicd.build.plan import Attempt
from cicd.build.prepare import check_sources, read_request, start_of
from cicd.build.process import BuildProcess
from cicd.build.rejoin import tells_again
from cicd.build.result import BuildFailure, BuildResult, build_result, result_of
from cicd.build.sections import placed
from cicd.build.state import StatusType
from cicd.document.problem import Problems
from cicd.engine.codec import encode
from cicd.engine.loop import drive
from cicd.engine.signals import send
from cicd.errors import Conflict, UsageError
from cicd.event import Event, EventKind

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan
    from cicd.build.request import BuildRequest
    from cicd.build.state import BuildState
    from cicd.document.problem import Problem
    from cicd.ports import Services
__all__ = [
    "BuildFailure",
    "BuildResult",
    "build_result",
    "check_build",
    "plan_build",
    "resume_build",
    "retry_build",
    "run_build",
    "run_plan",
    "stop_build",
]


def plan_build(request: BuildRequest, services: Services) -> BuildPlan:
    """
    Say what a build would do; changes nothing.

    Warnings are in the plan's ``warnings``.

    Raises:
        DocumentError: The buildspec is not valid, or asks for what cannot be done here.
        UsageError: There is no buildspec, or the source is no directory.
    """
    plan, _ = check_build(request, services)
    return plan


def check_build(
    request: BuildRequest, services: Services
) -> tuple[BuildPlan, tuple[Problem, ...]]:
    """Say what a build would do, with the warnings about its buildspec; see ``plan_build``."""
    if not request.source.is_dir():
        raise UsageError(
            f"the source '{request.source}' is not a directory",
            hint="name the directory that holds buildspec.yml",
        )
    check_sources(request)
    problems = Problems()
    spec, location, refused = read_request(request, problems)
    plan = compile_plan(spec, request.project, start_of(request, services, location), problems)
    if request.command_places:
        plan = replace(plan, phases=placed(plan.phases, request.command_places))
    if refused is not None:
        plan = replace(plan, refused=refused)
    elif request.raise_problems:
        problems.raise_errors()
    elif problems.errors:
        plan = replace(plan, refused=refusal(problems))
    if request.debug_session or request.break_on:
        stops = tuple(check_break(text, plan.phases) for text in request.break_on)
        plan = replace(plan, debug_session=True, break_on=stops)
    return plan, tuple(problems)


def run_build(
    request: BuildRequest, services: Services, *, plan: BuildPlan | None = None
) -> BuildResult:
    """
    Submit a build and drive it to its end, and those that follow from it by themselves.

    Gives the result of the last one; see attempts.py.

    Args:
        request: What is asked for.
        services: The outside.
        plan: What ``check_build`` gave for this request, if it was asked.

    Raises:
        DocumentError: See ``plan_build``.
        UsageError: See ``plan_build``.
        Unavailable: The runner cannot work now, or the project is at its limit; nothing was
            submitted.
    """
    plan = plan or plan_build(request, services)
    check_limit(request.project, plan.uuid, services)
    return run_plan(plan, services, parent=request.parent)


def run_plan(plan: BuildPlan, services: Services, *, parent: str | None) -> BuildResult:
    """Submit what was planned and drive it to its end; see ``run_build``."""
    if plan.refused is None:
        services.runner(plan.runner).check()
    return _to_the_last(*_submit_and_drive(plan, parent, services), services)


def resume_build(stream: str, services: Services) -> BuildResult:
    """
    Drive an unfinished build on: rejoin the command that runs, lose and repeat nothing.

    Gives the result of a finished build, or of the last that follows from it by itself.
    Raises ``Conflict`` while another driver lives.
    """
    plan, state, _ = fold_build(stream, services)
    if state.status is not StatusType.IN_PROGRESS:
        _note_end(stream, state, services)
        return _to_the_last(stream, plan, state, services)
    with services.executions.drive(stream):
        # Read again: until now somebody else may have written, to the stream and to the log.
        plan, state, events = fold_build(stream, services)
        narrator = Narrator(plan, stream, services)
        for command in BuildProcess(plan).in_flight(state):
            if tells_again(command, plan, services):
                Journal(services, stream).forget(command.key)
        narrator.catch_up(events)
        state = _drive(stream, as_it_is(plan, state), services, narrator)
    return _to_the_last(stream, plan, state, services)


def stop_build(stream: str, services: Services) -> BuildResult:
    """
    Ask a build to stop, and carry that out here if nobody drives it.

    A finished build is left as it is. Gives what is known then: a build that another process
    drives may still be IN_PROGRESS.
    Source: API Reference, "StopBuild".
    """
    plan, state, _ = fold_build(stream, services)
    if state.status is not StatusType.IN_PROGRESS:
        _note_end(stream, state, services)
        return result_of(stream, plan, state, services)
    send(services.log, services.clock, stream, "stop", reason="STOPPED")
    try:
        return resume_build(stream, services)
    except Conflict:  # its driver will see the signal
        return build_result(stream, services)


def retry_build(stream: str, services: Services) -> BuildResult:
    """
    Run a build that has ended once more: a new build of the same plan, sources as they are now.

    Raises ``UsageError`` for one that runs, or whose sources are gone.
    Source: API Reference, "RetryBuild".
    """
    plan, state, _ = fold_build(stream, services)
    if state.status is StatusType.IN_PROGRESS:
        raise UsageError(
            f"build {plan.build_id} has not ended",
            hint="one that waits goes back with --from; any is ended by `cicd builds stop`",
        )
    for source in plan.sources:
        if not source.directory.is_dir():
            raise UsageError(
                f"the source of build {plan.build_id}, '{source.directory}', is gone",
                hint="start what made it again: a pipeline's sources last as long as its action",
            )
    if plan.refused is None:
        services.runner(plan.runner).check()
    again = replace(
        plan,
        build_id=f"{plan.project}:{services.new_id()}",
        number=0,
        created=services.clock.now(),
        attempt=Attempt(auto_retry_limit=plan.attempt.auto_retry_limit),
    )
    return _to_the_last(*_submit_and_drive(again, None, services), services)


# ── Driving ───────────────────────────────────────────────────────────────────────────────────


def _submit_and_drive(
    plan: BuildPlan, parent: str | None, services: Services
) -> tuple[str, BuildPlan, BuildState]:
    """Enter a build into the books and drive it; gives its stream, and how it ended."""
    stream = f"build/{plan.build_id}"
    now = services.clock.now()
    with services.executions.drive(stream):
        with services.executions.submission(
            stream,
            kind="build",
            name=plan.project,
            status=StatusType.IN_PROGRESS,
            parent=parent,
            at=now,
        ) as record:
            plan = replace(plan, number=record.number, places=services.builds or 0)
            submitted = Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)})
            services.log.append(stream, (submitted,), expected=0)
        state = _drive(stream, plan, services, Narrator(plan, stream, services))
    return stream, plan, state


def _to_the_last(
    stream: str, plan: BuildPlan, state: BuildState, services: Services
) -> BuildResult:
    """Run the builds that follow from a concluded one; give the last one's result."""
    while True:
        after = following(plan, state)
        if after is None or services.cancel.reason is not None:
            return result_of(stream, plan, state, services)
        stream = f"build/{after.build_id}"
        if services.log.read(stream):
            return resume_build(stream, services)
        parent = services.executions.find("build", plan.build_id)
        stream, plan, state = _submit_and_drive(
            follow_up(plan, after, services.clock.now()),
            parent.parent if parent is not None else None,
            services,
        )


def _note_end(stream: str, state: BuildState, services: Services) -> None:
    """Note in the index that a build has ended, perhaps a moment before its driver died."""
    services.executions.update(stream, state.status, state.phases[-1].started)


def _drive(stream: str, plan: BuildPlan, services: Services, narrator: Narrator) -> BuildState:
    """Drive a build to its end, and give the state it ended in."""
    status = drive(
        BuildProcess(plan),
        BuildEffects(plan, stream, services, narrator.journal),
        stream=stream,
        log=services.log,
        clock=services.clock,
        cancel=services.cancel,
        jobs=1,
        on_fold=narrator,
    )
    services.executions.update(stream, status, services.clock.now())
    return narrator.state
