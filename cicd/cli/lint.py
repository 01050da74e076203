"""``cicd lint``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options
from cicd.document.problem import Problem, Severity
from cicd.errors import ExitCode
from cicd.lint.check import check_document
from cicd.lint.documents import Candidate, Kind, candidates
from cicd.ports import Level

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation

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
    checked = check_document(candidate, forced)
    findings.problems += checked.problems
    findings.unreadable += not checked.readable
    if checked.passed_over:
        findings.passed_over.append((checked.name, checked.passed_over))
    elif checked.kind is not None:
        findings.checked.append((checked.name, checked.kind))


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
