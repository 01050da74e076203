"""Buildspec + project + overrides → BatchPlan: one plan for the batch, one for each build."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.account import ACCOUNT
from cicd.build.batch.expand import Expanded, expand
from cicd.build.batch.plan import BatchNode, BatchPlan
from cicd.build.buildspec.batch_checks import INVALID
from cicd.build.compile import compile_plan, refusal
from cicd.build.debug.break_on import check_break
from cicd.build.environment_variable import Variable
from cicd.build.ledger import Facts, ledger
from cicd.build.plan import Refusal
from cicd.build.prepare import check_sources, read_request, start_of
from cicd.build.project import ProjectArtifacts
from cicd.build.request import build_image_of, image_of, place_for
from cicd.document.problem import Problems, Severity
from cicd.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from cicd.build.buildspec.batch import BatchEntry
    from cicd.build.compile import Start
    from cicd.build.compute.place import Place
    from cicd.build.ledger_entry import LedgerEntry
    from cicd.build.plan import BuildPlan
    from cicd.build.project import Project
    from cicd.build.request import BuildRequest
    from cicd.build.spec import Buildspec
    from cicd.document.problem import Problem
    from cicd.ports import Services


def check_batch(
    request: BuildRequest, services: Services
) -> tuple[BatchPlan, tuple[Problem, ...]]:
    """
    Say what a batch would do, with the warnings about its buildspecs; changes nothing.

    Raises:
        DocumentError: A buildspec is not valid, or has no ``batch``.
        UsageError: There is no buildspec, or the source is no directory.
    """
    if not request.source.is_dir():
        raise UsageError(
            f"the source '{request.source}' is not a directory",
            hint="name the directory that holds buildspec.yml",
        )
    check_sources(request)
    problems = Problems()
    spec, location, refused = read_request(request, problems)
    if spec is not None and spec.batch is None:
        message = "'batch' is missing, so there is no batch to start"
        hint = "write a batch section, or leave --batch out"
        note = f"{INVALID}: {message}"
        problems.error("build/no-batch", message, spec.span, hint=hint, note=note)
    start = start_of(request, services, location)
    nodes: tuple[BatchNode, ...] = ()
    if spec is not None and spec.batch is not None and not problems.errors:
        compiler = _Compiler(request, services, start, problems)
        compiler.known[None] = (spec, location, None)
        nodes = tuple(compiler.node(build) for build in expand(spec.batch))
    if refused is None and request.raise_problems:
        problems.raise_errors()
    if refused is None and problems.errors:
        refused = _refusal(problems)
    plan = _plan(request, start, spec, nodes, problems)
    return replace(plan, refused=refused or _restricted(plan)), tuple(problems)


class _Compiler:
    """Plans the builds of one batch; each buildspec is read once."""

    def __init__(
        self, request: BuildRequest, services: Services, start: Start, problems: Problems
    ) -> None:
        self._request = request
        self._services = services
        self._start = start
        self._problems = problems
        self._said: set[tuple[str, str]] = set()
        self.known: dict[str | None, tuple[Buildspec | None, str, Refusal | None]] = {}

    def node(self, build: Expanded) -> BatchNode:
        entry = build.entry
        return BatchNode(
            identifier=entry.identifier,
            build=self._build(build),
            depends_on=entry.depend_on,
            ignore_failure=entry.ignore_failure,
            debug_session=entry.debug_session,
            fleet=entry.environment.fleet or "",
            combination=build.combination,
        )

    def _build(self, build: Expanded) -> BuildPlan:
        entry, request = build.entry, self._request
        project = _overridden(request.project, entry)
        if request.outputs is not None:  # every artifact, under its own name
            project = replace(
                project,
                configured=False,
                artifacts=ProjectArtifacts(
                    type="CODEPIPELINE", packaging="ZIP", name=project.name
                ),
            )
        spec, location, refused = self._read(entry)
        image = None if entry.environment.image else request.image
        one = replace(request, project=project, image=image)
        below = request.artifacts_directory
        if below is not None:
            below = None if request.project.batch.combine_artifacts else below / entry.identifier
        start = replace(
            self._start,
            build_id=f"{project.name}:{self._services.new_id()}",
            image=image_of(one),
            build_image=build_image_of(one),
            place=self._place(project, entry),
            buildspec=location,
            # What an entry says is an override like those of StartBuild, and the last word.
            overrides=(
                *request.variables,
                *(Variable(name=name, value=value) for name, value in entry.environment.variables),
            ),
            outputs=None,
            artifacts_directory=below,
        )
        problems = Problems()
        plan = compile_plan(spec, project, start, problems)
        if not request.raise_problems and problems.errors and refused is None:
            refused = refusal(problems)
        elif request.raise_problems:
            self._note(problems)
        if refused is None and project.environment.type.startswith(("WINDOWS", "MAC")):
            refused = Refusal(
                code="LOCAL_UNSUPPORTED",
                message=f"a {project.environment.type} cannot run here: builds run on Linux",
            )
        if not problems.errors:
            stops = tuple(check_break(text, plan.phases) for text in request.break_on)
            looked_into = entry.debug_session or request.debug_session or bool(stops)
            plan = replace(plan, debug_session=looked_into, break_on=stops)
        return replace(
            plan,
            refused=refused,
            batch_id=self._start.build_id,
            batch_identifier=entry.identifier,
            shard=build.shard,
            shards=build.shards,
        )

    def _place(self, project: Project, entry: BatchEntry) -> Place:
        """Say where a build runs whose entry may ask for another machine than the project."""
        asked = entry.environment.compute_type is not None
        sized = replace(project, configured=project.configured or asked)
        return place_for(replace(self._request, project=sized), self._services.home)

    def _read(self, entry: BatchEntry) -> tuple[Buildspec | None, str, Refusal | None]:
        """Read a build's own buildspec; what is wrong with it is noted like all the rest."""
        if entry.buildspec not in self.known:
            request = replace(self._request, buildspec=entry.buildspec)
            problems = Problems()
            found: tuple[Buildspec | None, str, Refusal | None] = (None, "", None)
            try:
                found = read_request(request, problems)
            except DocumentError as wrong:
                for problem in wrong.problems:
                    problems.add(problem)
            except UsageError as wrong:
                hint = "it is named from the source's root"
                problems.error("build/batch-buildspec", wrong.message, entry.span, hint=hint)
            if not request.raise_problems and problems.errors and found[2] is None:
                found = (None, found[1], refusal(problems))
            elif request.raise_problems:
                self._note(problems)
            self.known[entry.buildspec] = found
        return self.known[entry.buildspec]

    def _note(self, problems: Problems) -> None:
        """Say once what several builds have in common."""
        for problem in problems:
            said = (problem.message, str(problem.span))
            if said not in self._said:
                self._said.add(said)
                self._problems.add(problem)


def _overridden(project: Project, entry: BatchEntry) -> Project:
    given, environment = entry.environment, project.environment
    return replace(
        project,
        environment=replace(
            environment,
            type=given.type or environment.type,
            image=given.image or environment.image,
            compute_type=given.compute_type or environment.compute_type,
            privileged=environment.privileged if given.privileged is None else given.privileged,
        ),
    )


def _plan(
    request: BuildRequest,
    start: Start,
    spec: Buildspec | None,
    nodes: tuple[BatchNode, ...],
    problems: Problems,
) -> BatchPlan:
    project, batch = request.project, spec.batch if spec is not None else None
    return BatchPlan(
        batch_id=start.build_id,
        number=0,
        project=project.name,
        account=ACCOUNT,
        region=start.region,
        created=start.created,
        kind=batch.kind if batch is not None else "",
        nodes=nodes,
        fast_fail=batch.fast_fail if batch is not None else False,
        combine_artifacts=project.batch.combine_artifacts,
        combined_output=request.outputs[0] if request.outputs else "",
        artifacts_directory=request.artifacts_directory,
        maximum_builds=project.batch.maximum_builds,
        compute_types_allowed=project.batch.compute_types_allowed,
        fleets_allowed=project.batch.fleets_allowed,
        timeout=project.batch.timeout,
        initiator=start.initiator,
        service_role=project.batch.service_role,
        ledger=_ledger(request, spec, nodes),
        warnings=tuple(
            f"{problem.span}: {problem.message}"
            for problem in problems
            if problem.severity is Severity.WARNING and not problem.rule.endswith("/unknown-key")
        ),
    )


def _ledger(
    request: BuildRequest, spec: Buildspec | None, nodes: tuple[BatchNode, ...]
) -> tuple[LedgerEntry, ...]:
    """Give the entries of the batch's own documents, then those of its builds' buildspecs."""
    project = request.project
    facts = Facts(project=project, runner=request.runner, docker=request.docker)
    found = ledger(spec.node if spec is not None else None, project.node, facts)
    return tuple(dict.fromkeys((*found, *(e for node in nodes for e in node.build.ledger))))


def _refusal(problems: Problems) -> Refusal:
    """Put the first error into the service's words: a batch has its own code."""
    prefix = f"{INVALID}: "
    for problem in problems.errors:
        if (problem.note or "").startswith(prefix):
            said = str(problem.note).removeprefix(prefix)
            return Refusal(code=INVALID, message=said, where=str(problem.span))
    return refusal(problems)


def _restricted(plan: BatchPlan) -> Refusal | None:
    """
    Hold a batch against its project's restrictions; the service's words are not known.

    Source: CodeBuild API Reference, "BatchRestrictions".
    """
    count = len(plan.nodes)
    if plan.maximum_builds is not None and count > plan.maximum_builds:
        message = f"{count} builds, and maximumBuildsAllowed is {plan.maximum_builds}"
        return Refusal(code=INVALID, message=message)
    for node in plan.nodes:
        for value, allowed, name in (
            ("" if node.fleet else node.build.compute_type, plan.compute_types_allowed, "compute"),
            (node.fleet, plan.fleets_allowed, "fleet"),
        ):
            if value and allowed and value not in allowed:
                message = (
                    f"Build {node.identifier} asks for {value}, and the {name}s allowed are "
                    f"{', '.join(allowed)}"
                ).replace("computes", "compute types")
                return Refusal(code=INVALID, message=message)
    return None
