"""What a buildspec alone says of a plan: its phases, reports, cache and exports. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.environment_variable import VariableType
from cicd.build.plan import CachePlan, CommandLine, PhasePlan, ReportPlan
from cicd.build.spec import COMMAND_PHASES, PhaseType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.build.environment_variable import Variable
    from cicd.build.project import ProjectCache
    from cicd.build.spec import Buildspec, PhaseSpec
    from cicd.document.position import Span
    from cicd.document.problem import Problems


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


def placed(phases: tuple[PhasePlan, ...], places: tuple[str, ...]) -> tuple[PhasePlan, ...]:
    """Give the phases with BUILD's commands where their writer has them."""
    return tuple(
        replace(
            phase,
            commands=tuple(
                replace(line, where=where)
                for line, where in zip(phase.commands, places, strict=False)
            ),
        )
        if phase.phase is PhaseType.BUILD
        else phase
        for phase in phases
    )


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


def plan_runtimes(spec: Buildspec) -> tuple[tuple[str, str], ...]:
    """Give the names and versions that ``runtime-versions`` asks for."""
    install = spec.phase(PhaseType.INSTALL)
    if install is None:
        return ()
    return tuple((name, version.text) for name, version in install.runtime_versions)


def exported_names(spec: Buildspec, project: Iterable[Variable]) -> tuple[str, ...]:
    """
    Give the names that may be published; ``project`` is what the project sets.

    Source: user guide, "env/exported-variables": not AWS_*, nor secrets of the project.
    """
    secret = _secret_names(project)
    names = (n.text for n in spec.exported_variables)
    return tuple(dict.fromkeys(n for n in names if not n.startswith("AWS_") and n not in secret))


def check_exports(spec: Buildspec, project: Iterable[Variable], problems: Problems) -> None:
    """Note the names that are not published since they are secrets of the project."""
    secret = _secret_names(project)
    for name in spec.exported_variables:
        if name.text in secret:
            problems.warning(
                "build/exported-variable",
                f"'{name.text}' is a secret of the project, so it is not exported",
                name.span,
            )


def _secret_names(project: Iterable[Variable]) -> set[str]:
    return {v.name for v in project if v.type is not VariableType.PLAINTEXT}


def plan_reports(spec: Buildspec) -> tuple[ReportPlan, ...]:
    """Give the reports that a buildspec asks for."""
    return tuple(
        ReportPlan(
            group=report.group,
            files=tuple(f.text for f in report.files),
            file_format=report.file_format,
            base_directory=report.base_directory or ".",
            discard_paths=report.discard_paths,
            where=str(report.files[0].span) if report.files else "",
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
