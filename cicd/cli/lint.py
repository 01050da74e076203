"""``cicd lint``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.beside import check_appspec_scripts, check_pipeline_links
from cicd.cli.documents import Candidate, Kind, candidates, kind_by_content, kind_by_name
from cicd.cli.options import shared_options
from cicd.document.problem import Problem, Problems, Severity
from cicd.errors import DocumentError, ExitCode, Unavailable
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation
    from cicd.document.node import Node

ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(slots=True, kw_only=True)
class Findings:
    """What one run of the checks has found so far."""

    problems: list[Problem] = field(default_factory=list)
    checked: list[tuple[str, Kind]] = field(default_factory=list)
    passed_over: list[tuple[str, str]] = field(default_factory=list)  # name, why
    unreadable: int = 0


@click.command(
    epilog="""\b
Examples:
  cicd lint                               every document below this directory
  cicd lint ci/build.yml --kind buildspec
  cicd lint --fail-on warning             for a strict pre-push check
  cicd lint --output json                 one problem a line, then the count

Exit status: 0 nothing at or above --fail-on, 1 something, 3 a document cannot be read.
"""
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--kind",
    type=click.Choice([k.value for k in Kind if k is not Kind.TEMPLATE]),
    help="What the documents are, instead of telling by name and content.",
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in ORDER]),
    default=Severity.ERROR.value,
    show_default=True,
    help="The least severity that makes the exit status 1.",
)
@shared_options
def lint(
    invocation: Invocation, *, paths: tuple[Path, ...], kind: str | None, fail_on: str
) -> int:
    """
    Check buildspecs, appspecs, pipeline definitions and cicd.yml.

    PATHS are files, or directories to look in; without any, this directory.
    """
    findings = Findings()
    for candidate in candidates(paths or (Path(),)):
        _check_one(candidate, Kind(kind) if kind else None, findings)
    return _report(invocation, findings, Severity(fail_on))


def _check_one(candidate: Candidate, forced: Kind | None, findings: Findings) -> None:
    named = kind_by_name(candidate.name)
    try:
        kind, node = _read(candidate, forced or named)
    except DocumentError as refused:
        findings.problems += refused.problems
        findings.checked.append((candidate.name, forced or named or Kind.BUILDSPEC))
        findings.unreadable += 1
        return
    if kind is Kind.TEMPLATE and forced is None:
        findings.passed_over.append(
            (candidate.name, "a CloudFormation template, which is not checked here yet")
        )
        return
    if kind is None:
        if candidate.given:
            findings.passed_over.append(
                (candidate.name, "not a document known here; --kind says what it is")
            )
        return
    problems = Problems()
    try:
        _check(kind, node, candidate, problems)
    except DocumentError as refused:
        findings.problems += refused.problems
    except Unavailable as refused:
        findings.passed_over.append((candidate.name, refused.message))
        return
    findings.problems += problems
    findings.checked.append((candidate.name, kind))


def _read(candidate: Candidate, expected: Kind | None) -> tuple[Kind | None, Node]:
    from cicd.document.load import load

    if expected is Kind.APPSPEC:
        # As the agent reads it: the last of two equal keys wins, and aliases are refused.
        return expected, load(candidate.path, candidate.name, duplicates="last", aliases=False)
    node = load(candidate.path, candidate.name)
    found = kind_by_content(node)
    if expected is Kind.PIPELINE and not candidate.given:
        return found, node  # many files have "pipeline" in their names
    if found is Kind.TEMPLATE:
        return found, node
    return expected or found, node


def _check(kind: Kind, node: Node, candidate: Candidate, problems: Problems) -> None:
    if kind is Kind.BUILDSPEC:
        from cicd.build.buildspec.reader import read_buildspec
        from cicd.build.rules import BUILD_RULES
        from cicd.document.rules import run_rules

        run_rules(BUILD_RULES, read_buildspec(node, problems), problems)
    elif kind is Kind.APPSPEC:
        from cicd.deploy.rules import check_appspec, refuse_platform

        refuse_platform(node)
        appspec = check_appspec(node, problems)
        if appspec is not None:
            check_appspec_scripts(appspec, candidate.path, problems)
    elif kind is Kind.PIPELINE:
        from cicd.pipeline.definition import check_definition

        declaration = check_definition(node, problems)
        if declaration is not None:
            check_pipeline_links(declaration, candidate.path, problems)
    else:
        from cicd.cli.resources import check_resources

        check_resources(candidate.path.parent, problems)


def _report(invocation: Invocation, findings: Findings, fail_on: Severity) -> int:
    show = invocation.show
    show.problems(findings.problems)
    for name, why in findings.passed_over:
        show.notice(f"{name}: {why}", Level.WARNING)
    if not findings.checked and not findings.passed_over:
        show.notice("no buildspec, appspec, pipeline definition or cicd.yml here", Level.WARNING)
    counted = {each: sum(p.severity is each for p in findings.problems) for each in ORDER}
    grave = sum(counted[each] for each in ORDER[: ORDER.index(fail_on) + 1])
    if findings.checked and not findings.problems:
        names = ", ".join(name for name, _ in findings.checked)
        show.text(f"nothing to say about {names}", Level.SUCCESS)
    show.result(
        {
            "documents": [{"name": n, "kind": kind.value} for n, kind in findings.checked],
            "passedOver": [{"name": n, "why": why} for n, why in findings.passed_over],
            "counts": {each.value: counted[each] for each in ORDER},
        }
    )
    if findings.unreadable:
        return ExitCode.DOCUMENT
    return ExitCode.FAILED if grave else ExitCode.SUCCEEDED
