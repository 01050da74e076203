"""Buildspec + project + overrides → BuildPlan."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.account import ACCOUNT
from cicd.build.artifacts.planned import plan_artifacts
from cicd.build.compute.place import Place
from cicd.build.environment_variable import Variable
from cicd.build.ledger import Facts, ledger
from cicd.build.plan import (
    Attempt,
    BuildPlan,
    CachePlan,
    Refusal,
    ReportExport,
    SourcePlan,
    Wanted,
)
from cicd.build.sections import (
    exported_names,
    plan_cache,
    plan_cache_paths,
    plan_phases,
    plan_reports,
    plan_runtimes,
)
from cicd.build.spec import WINDOWS_SHELLS
from cicd.build.variables import layered
from cicd.document.problem import Severity
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.build.project import Project
    from cicd.build.spec import Buildspec
    from cicd.document.problem import Problem, Problems


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
    hidden: tuple[str, ...]
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
        problems.warning(
            "build/batch-only",
            "there is a 'batch' only, and no phases, so the build succeeds without doing anything",
            spec.batch.span,
            hint="--batch runs it; its builds need phases, here or in buildspecs of their own",
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
        runtime_versions=plan_runtimes(spec) if spec else (),
        phases=plan_phases(spec),
        wanted=wanted,
        artifacts=plan_artifacts(spec, project.name, wanted) if spec else (),
        artifacts_directory=start.artifacts_directory,
        hidden=start.hidden,
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
        encryption_key=project.encryption_key,
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
