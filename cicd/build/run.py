"""
The room's public face: plan, run, resume and stop a build.

``run_build`` takes its token from ``services.cancel``: who runs a build inside something else
gives ``dataclasses.replace(services, cancel=token)``.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.compile import Start, compile_plan, refusal
from cicd.build.describe import describe, narrate
from cicd.build.effects import BuildEffects
from cicd.build.journal import Journal
from cicd.build.plan import BuildPlan, Refusal, SourcePlan, Variable
from cicd.build.process import BuildProcess, StatusType
from cicd.build.project import Project
from cicd.build.rules import BUILD_RULES
from cicd.build.shape import build_as_api
from cicd.build.spec import read_buildspec
from cicd.document.load import load, load_text
from cicd.document.problem import Problems
from cicd.document.rules import run_rules
from cicd.engine.codec import decode, encode
from cicd.engine.loop import drive
from cicd.engine.signals import send
from cicd.errors import CicdError, Conflict, DocumentError, UsageError
from cicd.event import JSON, Event, EventKind
from cicd.ports import Artifact, Revision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cicd.build.process import BuildState
    from cicd.build.spec import Buildspec
    from cicd.document.problem import Problem
    from cicd.ports import Services

REGION = "us-east-1"
RUNNERS_WITHOUT_IMAGES = frozenset({"sandbox", "host"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What StartBuild is asked for, and what only exists here."""

    source: Path  # the primary source: a directory of this machine, never changed
    project: Project  # find_project(resources, name, source)
    runner: str = "docker"  # "docker", "sandbox", "host"
    buildspec: str | None = None  # buildspecOverride: a path (from the source's root) or the text
    image: str | None = None  # imageOverride, as the runner knows it
    images: Mapping[str, str] = field(default_factory=dict)  # cloud image → its stand-in here
    default_image: str | None = None  # stands in for a cloud image that `images` does not name
    variables: tuple[Variable, ...] = ()  # environmentVariablesOverride; later ones win
    secondary_sources: Mapping[str, Path] = field(default_factory=dict)  # by sourceIdentifier
    timeout: timedelta | None = None  # timeoutInMinutesOverride
    initiator: str | None = None  # "codepipeline/<name>"; None: the user's name
    parent: str | None = None  # the stream that asked for it
    revision: Revision | None = None  # of the primary source; None: ask the source
    source_version: str = ""  # CODEBUILD_SOURCE_VERSION; "": the revision's id
    outputs: tuple[str, ...] | None = None  # CodePipeline's output artifacts; None: the project's
    artifacts_directory: Path | None = None  # deliver the artifacts there, too
    # True: a broken buildspec raises. False: it is a FAILED build with YAML_FILE_ERROR in
    # DOWNLOAD_SOURCE, as the service does it (pipelines).
    raise_problems: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailure:
    """The first phase that did not succeed, and why."""

    phase: str  # "BUILD"
    status: str  # the phase's: FAILED, FAULT, TIMED_OUT, STOPPED
    code: str  # "COMMAND_EXECUTION_ERROR"
    message: str  # "Error while executing command: make. Reason: exit status 2"
    command: str = ""  # the failing command's text
    where: str = ""  # its place: "buildspec.yml:14:9"
    hint: str = ""  # what to do, for a FAULT that knows


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What became of a build."""

    build_id: str  # "app:0f3c…"
    stream: str  # "build/app:0f3c…"
    status: str  # SUCCEEDED, FAILED, FAULT, TIMED_OUT, STOPPED
    artifacts: Mapping[str, Artifact]  # by declared output, else by identifier; "" = the primary
    exported_variables: Mapping[str, str]
    failure: BuildFailure | None
    build: Mapping[str, JSON]  # the element of BatchGetBuilds


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
    _check_sources(request)
    problems = Problems()
    spec, location, refused = _read(request, problems)
    plan = compile_plan(spec, request.project, _start(request, services, location), problems)
    if refused is not None:
        plan = replace(plan, refused=refused)
    elif request.raise_problems:
        problems.raise_errors()
    elif problems.errors:
        plan = replace(plan, refused=refusal(problems))
    return plan, tuple(problems)


def run_build(request: BuildRequest, services: Services) -> BuildResult:
    """
    Submit a build and drive it to its end.

    Raises:
        DocumentError: See ``plan_build``.
        UsageError: See ``plan_build``.
        Unavailable: The runner cannot work now; nothing was submitted.
    """
    plan = plan_build(request, services)
    if plan.refused is None:
        services.runner(plan.runner).check()
    stream = f"build/{plan.build_id}"
    now = services.clock.now()
    record = services.executions.submit(
        stream,
        kind="build",
        name=plan.project,
        status=StatusType.IN_PROGRESS,
        parent=request.parent,
        at=now,
    )
    plan = replace(plan, number=record.number)
    submitted = Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)})
    services.log.append(stream, (submitted,), expected=0)
    return _drive(stream, plan, services, _Narrator(plan, stream, services))


def resume_build(stream: str, services: Services) -> BuildResult:
    """
    Drive an unfinished build on: rejoin the command that runs, lose and repeat nothing.

    Gives the result of a finished build. Raises ``Conflict`` while another driver lives.
    """
    plan, state, events = _fold(stream, services)
    if state.status is not StatusType.IN_PROGRESS:
        return build_result(stream, services)
    narrator = _Narrator(plan, stream, services)
    for command in BuildProcess(plan).in_flight(state):
        Journal(services, stream).forget(command.key)
    narrator.catch_up(events)
    return _drive(stream, plan, services, narrator)


def stop_build(stream: str, services: Services) -> BuildResult:
    """
    Ask a build to stop, and carry that out here if nobody drives it.

    A finished build is left as it is. Gives what is known then: a build that another process
    drives may still be IN_PROGRESS.
    Source: API Reference, "StopBuild".
    """
    _, state, _ = _fold(stream, services)
    if state.status is not StatusType.IN_PROGRESS:
        return build_result(stream, services)
    send(services.log, services.clock, stream, "stop", reason="STOPPED")
    try:
        return resume_build(stream, services)
    except Conflict:  # its driver will see the signal
        return build_result(stream, services)


def build_result(stream: str, services: Services) -> BuildResult:
    """Say what is known of a build, running or not; raises UsageError for an unknown one."""
    plan, state, _ = _fold(stream, services)
    artifacts = {}
    for made in state.artifacts:
        kept = services.artifacts.find(str(made["digest"]))
        if kept is not None:
            artifacts[str(made["output"])] = kept
    return BuildResult(
        build_id=plan.build_id,
        stream=stream,
        status=state.status.value,
        artifacts=artifacts,
        exported_variables=state.exported,
        failure=_failure(plan, state),
        build=build_as_api(plan, state, log=services.logs.path(stream)),
    )


# ── Planning ──────────────────────────────────────────────────────────────────────────────────


def _read(
    request: BuildRequest, problems: Problems
) -> tuple[Buildspec | None, str, Refusal | None]:
    """Read the buildspec: what it says, its path from the source's root, and why not."""
    wanted = request.buildspec or request.project.source.buildspec
    location = _path_of(wanted, request.source)
    try:
        if location is None:
            node = load_text(wanted, "buildspec")
        else:
            node = load(request.source / location, location)
        spec = read_buildspec(node, problems)
    except DocumentError as wrong:
        if request.raise_problems:
            raise
        return None, location or "", refusal(wrong.problems)
    except UsageError as wrong:
        missing = _missing(request, wanted, location or "", wrong)
        if request.raise_problems:
            raise missing from None
        return None, location or "", Refusal(code="YAML_FILE_ERROR", message=missing.message)
    run_rules(BUILD_RULES, spec, problems)
    return spec, location or "", None


def _path_of(wanted: str, source: Path) -> str | None:
    """
    Give the buildspec's path, or None if ``wanted`` is the text itself.

    The guide does not say how the two are told apart: more than one line, or a mapping on one,
    is text.
    """
    if not wanted:
        return "buildspec.yml"
    if "\n" in wanted or (": " in wanted and not (source / wanted).exists()):
        return None
    if wanted.startswith("arn:"):
        raise UsageError(
            f"the buildspec '{wanted}' is in a bucket, which cannot be read here",
            hint="fetch it and name the file with --buildspec",
        )
    return wanted


def _missing(request: BuildRequest, wanted: str, location: str, wrong: UsageError) -> UsageError:
    """Put a missing buildspec into the service's words."""
    path = request.source / location
    if path.exists() or not request.raise_problems:
        said = f"stat {path}: no such file or directory" if wanted else "YAML file does not exist"
        return wrong if path.exists() else UsageError(said)
    near = request.source / "buildspec.yaml"
    hint = "write a buildspec, or name one with --buildspec"
    if not wanted and near.exists():
        hint = "'buildspec.yaml' is not looked for: rename it, or use --buildspec buildspec.yaml"
    return UsageError(f"there is no '{location}' in {request.source}", hint=hint)


def _check_sources(request: BuildRequest) -> None:
    for name, directory in request.secondary_sources.items():
        if not re.fullmatch(r"[A-Za-z0-9_]{1,127}", name):
            raise UsageError(
                f"'{name}' cannot name a secondary source",
                hint="Invalid input: identifier must contain only alphanumeric characters and "
                "underscores and be less than 128 characters in length",
            )
        if not directory.is_dir():
            raise UsageError(f"the secondary source '{directory}' is not a directory")
    if len(request.secondary_sources) > 12:
        raise UsageError("there are more than 12 secondary sources")


def _start(request: BuildRequest, services: Services, location: str) -> Start:
    project = request.project
    created = services.clock.now()
    return Start(
        build_id=f"{project.name}:{services.new_id()}",
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION,
        created=created,
        runner=request.runner,
        image=_image(request),
        build_image=project.environment.image,
        sources=_sources(request, services),
        buildspec=location,
        overrides=request.variables,
        timeout=request.timeout or project.timeout,
        initiator=request.initiator or _user(),
        outputs=request.outputs,
        artifacts_directory=request.artifacts_directory,
    )


def _image(request: BuildRequest) -> str:
    """Give what the runner is to open; "" for a runner that has no images."""
    if request.image is not None:
        return request.image
    if request.runner in RUNNERS_WITHOUT_IMAGES:
        return ""
    wanted = request.project.environment.image
    if wanted in request.images:
        return request.images[wanted]
    if wanted.startswith("aws/codebuild/") and request.default_image is not None:
        return request.default_image
    return wanted


def _sources(request: BuildRequest, services: Services) -> tuple[SourcePlan, ...]:
    project = request.project
    revision = request.revision or _describe(request.source, services)
    primary = SourcePlan(
        identifier="",
        directory=request.source.resolve(),
        type=project.source.type,
        location=project.source.location or revision.url,
        version=request.source_version or project.source.version or revision.id,
        resolved_version=revision.id,
    )
    known = {source.identifier: source for source in project.secondary_sources}
    missing = [name for name in known if name not in request.secondary_sources]
    if missing and request.initiator is None:
        raise UsageError(
            f"the secondary source '{missing[0]}' of the project is nowhere here",
            hint=f"say where: --secondary-source {missing[0]}=DIR",
        )
    return (
        primary,
        *(
            SourcePlan(
                identifier=name,
                directory=directory.resolve(),
                type=known[name].type if name in known else "NO_SOURCE",
                location=known[name].location if name in known else "",
                version=known[name].version if name in known else "",
            )
            for name, directory in request.secondary_sources.items()
        ),
    )


def _describe(source: Path, services: Services) -> Revision:
    try:
        return services.source(source).describe()
    except CicdError:
        # A build needs no git; without it there is no revision to tell the commands of.
        return Revision(id="")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a numeric user without a name
        return str(os.getuid())


# ── Driving ───────────────────────────────────────────────────────────────────────────────────


class _Narrator:
    """Follows the events of one build, and tells the log and the reporters of each new one."""

    def __init__(self, plan: BuildPlan, stream: str, services: Services) -> None:
        self._process = BuildProcess(plan)
        self._state = self._process.initial()
        self._stream = stream
        self._services = services
        self._journal = Journal(services, stream)
        self._known = 0  # events that were told of before, by a driver that is gone

    def catch_up(self, events: Sequence[Event]) -> None:
        """Write what a dead driver did not get to write about these events."""
        state = self._process.initial()
        lines: list[tuple[datetime, str]] = []
        for event in events:
            after = self._process.apply(state, event)
            lines += ((event.at, line) for line in narrate(self._process, state, event, after))
            state = after
        for at, line in lines[self._journal.narrated() :]:
            self._journal.narrate(at, (line,))
        self._known = len(events)

    def __call__(self, event: Event) -> None:
        before = self._state
        self._state = after = self._process.apply(before, event)
        if self._known > 0:
            self._known -= 1
            return
        self._journal.narrate(event.at, narrate(self._process, before, event, after))
        for said in describe(self._process, before, event, after):
            for reporter in self._services.reporters:
                reporter.event(self._stream, event, said)


def _drive(stream: str, plan: BuildPlan, services: Services, narrator: _Narrator) -> BuildResult:
    with services.executions.drive(stream):
        status = drive(
            BuildProcess(plan),
            BuildEffects(plan, stream, services),
            stream=stream,
            log=services.log,
            clock=services.clock,
            cancel=services.cancel,
            jobs=1,
            on_event=narrator,
        )
        services.executions.update(stream, status, services.clock.now())
    return build_result(stream, services)


def _fold(stream: str, services: Services) -> tuple[BuildPlan, BuildState, tuple[Event, ...]]:
    events = tuple(event for _, event in services.log.read(stream))
    if not events:
        raise UsageError(
            f"there is no build '{stream.partition('/')[2]}'", hint="see cicd builds list"
        )
    plan = decode(BuildPlan, events[0].data["plan"])
    process = BuildProcess(plan)
    state = process.initial()
    for event in events:
        state = process.apply(state, event)
    return plan, state, events


def _failure(plan: BuildPlan, state: BuildState) -> BuildFailure | None:
    good = {StatusType.SUCCEEDED, StatusType.IN_PROGRESS}
    record = next((p for p in state.phases if p.status not in good), None)
    if record is None:
        return None
    where = record.command.where if record.command else ""
    if not where and plan.refused is not None:
        where = plan.refused.where
    return BuildFailure(
        phase=record.phase.value,
        status=record.status.value,
        code=record.code,
        message=record.message,
        command=record.command.text if record.command else "",
        where=where,
        hint=record.hint,
    )
