"""Buildspec + project + overrides → BuildPlan."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.artifacts.planned import plan_artifacts
from cicd.build.compute.place import Place
from cicd.build.environment_variable import Variable, VariableType
from cicd.build.ledger import Facts, ledger
from cicd.build.plan import (
    Attempt,
    BuildPlan,
    CachePlan,
    CommandLine,
    PhasePlan,
    Refusal,
    ReportExport,
    ReportPlan,
    SourcePlan,
    Wanted,
)
from cicd.build.spec import COMMAND_PHASES, WINDOWS_SHELLS, PhaseType
from cicd.build.variables import layered
from cicd.document.problem import Severity
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.build.project import Project, ProjectCache
    from cicd.build.spec import Buildspec, PhaseSpec
    from cicd.document.position import Span
    from cicd.document.problem import Problem, Problems

ACCOUNT = "123456789012"  # no account is asked here, but ARNs need one


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a build is started with, beside its documents."""

    build_id: str
    region: str
    created: datetime
    runner: str
    image: str
    build_image: str
    sources: tuple[SourcePlan, ...]
    buildspec: str
    overrides: tuple[Variable, ...]
    timeout: timedelta
    auto_retry: int = 0  # autoRetryLimit
    initiator: str
    place: Place
    outputs: tuple[str, ...] | None  # CodePipeline's; None: the project decides
    artifacts_directory: Path | None
    webhook: tuple[tuple[str, str], ...]


def compile_plan(
    spec: Buildspec | None, project: Project, start: Start, problems: Problems
) -> BuildPlan:
    """
    Say what a build will do.

    Args:
        spec: The buildspec; None if it could not be read, so that there is nothing to run.
        project: The build's project.
        start: The rest.
        problems: Those of the buildspec; what cannot be carried out here is added.
    """
    variables = layered(
        spec.variables if spec else (), project.environment.variables, start.overrides
    )
    if spec is not None and spec.shell in WINDOWS_SHELLS:
        problems.error(
            "build/windows-shell",
            f"'{spec.shell}' runs in Windows containers only",
            spec.shell_span,
            hint="builds run on Linux here: use sh or bash",
        )
    if spec is not None and spec.batch is not None and not spec.phases:
        problems.error(
            "build/batch-only",
            "there is a 'batch' only, and no phases for a single build to run",
            spec.batch.span,
            hint="run the batch with --batch; its builds need phases, here or in buildspecs of "
            "their own",
        )
    wanted = Wanted(
        configured=project.configured,
        primary=project.artifacts,
        secondary=project.secondary_artifacts,
        outputs=start.outputs,
    )
    return BuildPlan(
        build_id=start.build_id,
        number=0,
        project=project.name,
        account=ACCOUNT,
        region=start.region,
        created=start.created,
        runner=start.runner,
        image=start.image,
        build_image=start.build_image,
        environment_type=project.environment.type,
        compute_type=project.environment.compute_type,
        privileged=project.environment.privileged,
        sources=start.sources,
        buildspec=start.buildspec,
        version=spec.version if spec else "0.2",
        shell=spec.shell if spec else "sh",
        variables=variables,
        fixed_variables=tuple(
            dict.fromkeys(v.name for v in (*project.environment.variables, *start.overrides))
        ),
        exported_variables=exported_names(spec, project.environment.variables) if spec else (),
        runtime_versions=_runtimes(spec) if spec else (),
        phases=plan_phases(spec),
        wanted=wanted,
        artifacts=plan_artifacts(spec, project.name, wanted) if spec else (),
        artifacts_directory=start.artifacts_directory,
        reports=plan_reports(spec) if spec else (),
        report_exports=tuple(
            ReportExport(
                group=group.name,
                place="/".join(part for part in (group.bucket, group.path.strip("/")) if part),
                packaging=group.packaging,
            )
            for group in project.report_groups
            if group.bucket
        ),
        auto_discover=spec is not None,
        cache_type=project.cache.type,
        cache_paths=plan_cache_paths(spec) if spec else (),
        cache=plan_cache(spec, project.cache) if spec else CachePlan(),
        timeout=start.timeout,
        queued_timeout=project.queued_timeout,
        # Not under CodePipeline, which retries by rules of its own.
        attempt=Attempt(auto_retry_limit=0 if start.outputs is not None else start.auto_retry),
        initiator=start.initiator,
        service_role=project.service_role,
        ledger=ledger(
            spec.node if spec else None,
            project.node,
            Facts(project=project, runner=start.runner, docker=start.place.docker or None),
        ),
        webhook=start.webhook,
        place=start.place,
        unknown_keys=tuple((u.section, u.keys) for u in spec.unknown) if spec else (),
        warnings=tuple(
            f"{problem.span}: {problem.message}"
            for problem in problems
            if problem.severity is Severity.WARNING and not problem.rule.endswith("/unknown-key")
        ),
    )


def refusal(problems: Iterable[Problem]) -> Refusal:
    """
    Put the first error of a buildspec into the service's words.

    Source: user guide and logs, YAML_FILE_ERROR; the note of a problem holds the text where the
    service's is known.
    """
    first = next(p for p in problems if p.severity is Severity.ERROR)
    prefix, parser = "YAML_FILE_ERROR Message: ", "the YAML parser says: "
    said = first.note or ""
    if said.startswith(prefix):
        message = said.removeprefix(prefix)
    else:
        words = said.removeprefix(parser) if said.startswith(parser) else first.message
        message = f"{words} at line {first.span.line}"
    return Refusal(code="YAML_FILE_ERROR", message=message, where=str(first.span))


def plan_phases(spec: Buildspec | None) -> tuple[PhasePlan, ...]:
    """Give all four command phases, whether the buildspec has them or not."""
    found = []
    for phase in COMMAND_PHASES:
        read = spec.phase(phase) if spec is not None else None
        if spec is None or read is None:
            found.append(PhasePlan(phase=phase, present=False))
        else:
            found.append(_phase(read, spec))
    return tuple(found)


def _lines(read: PhaseSpec, *, of_finally: bool) -> tuple[CommandLine, ...]:
    texts = read.finally_commands if of_finally else read.commands
    return tuple(CommandLine(text=text.text, where=_place(text.span)) for text in texts)


def _place(span: Span) -> str:
    """Say where a command's text begins: of a block below ``|`` that is a line further down."""
    written = span.text
    if not written.startswith(("|", ">")):
        return str(span)
    for number, line in enumerate(written.split("\n")[1:], start=1):
        if line.strip():
            column = len(line) - len(line.lstrip()) + 1
            return f"{span.source.name}:{span.line + number}:{column}"
    return str(span)


def _phase(read: PhaseSpec, spec: Buildspec) -> PhasePlan:
    planned = PhasePlan(
        phase=read.phase,
        present=True,
        commands=_lines(read, of_finally=False),
        finally_commands=_lines(read, of_finally=True),
        run_as=read.run_as or spec.run_as,
    )
    wanted = read.on_failure
    if wanted is None:
        return planned
    return replace(
        planned,
        on_failure=wanted.action,
        retries=wanted.retries,
        retry_pattern=wanted.pattern,
    )


def _runtimes(spec: Buildspec) -> tuple[tuple[str, str], ...]:
    install = spec.phase(PhaseType.INSTALL)
    if install is None:
        return ()
    return tuple((name, version.text) for name, version in install.runtime_versions)


def exported_names(spec: Buildspec, project: Iterable[Variable]) -> tuple[str, ...]:
    """
    Give the names that may be published; ``project`` is what the project sets.

    Source: user guide, "env/exported-variables": not AWS_*, nor secrets of the project.
    """
    secret = {v.name for v in project if v.type is not VariableType.PLAINTEXT}
    names = (n.text for n in spec.exported_variables)
    return tuple(dict.fromkeys(n for n in names if not n.startswith("AWS_") and n not in secret))


def plan_reports(spec: Buildspec) -> tuple[ReportPlan, ...]:
    """Give the reports that a buildspec asks for."""
    return tuple(
        ReportPlan(
            group=report.group,
            files=tuple(f.text for f in report.files),
            file_format=report.file_format,
            base_directory=report.base_directory or ".",
            discard_paths=report.discard_paths,
        )
        for report in spec.reports
    )


def plan_cache_paths(spec: Buildspec) -> tuple[str, ...]:
    """Give the paths that a buildspec has cached."""
    return tuple(path.text for path in spec.cache.paths) if spec.cache else ()


def plan_cache(spec: Buildspec, wanted: ProjectCache | CachePlan) -> CachePlan:
    """Say how a cache is kept; of ``wanted`` only what a buildspec has no say in counts."""
    read = spec.cache
    return CachePlan(
        key=read.key or "" if read else "",
        fallback_keys=tuple(k.text for k in read.fallback_keys) if read else (),
        action=read.action or "" if read else "",
        location=wanted.location,
        namespace=wanted.namespace,
        modes=wanted.modes,
    )
