"""``cicd lint``."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.build.ledger_entry import LedgerEntry
from cicd.cli.options import report_options
from cicd.cli.show.ledger import show_ledger_lines
from cicd.cli.template_parameters import given_parameters, parameter_options
from cicd.document.problem import Problem, Severity
from cicd.engine.codec import encode
from cicd.errors import ExitCode, UsageError
from cicd.lint.check import check_content, check_document
from cicd.lint.documents import STDIN, Candidate, Kind, candidates
from cicd.lint.ledger import ledger_of
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.cli.invocation import Invocation

ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(slots=True, kw_only=True)
class Findings:
    """What one run of the checks has found so far."""

    problems: list[Problem] = field(default_factory=list)
    checked: list[tuple[str, Kind]] = field(default_factory=list)
    passed_over: list[tuple[str, str]] = field(default_factory=list)  # name, why
    ledger: list[LedgerEntry] | None = None  # None: nobody asked for it
    unreadable: int = 0


@click.command(
    epilog="""\b
Examples:
  cicd lint                               every document below this directory
  cicd lint ci/build.yml --kind buildspec
  cicd lint infra.yml --parameter Stage=prod
  cicd lint --fail-on warning             for a strict pre-push check
  cicd lint --fix --diff                  show what --fix would correct
  cicd lint --explain build/bash-in-sh    why, with a bad and a good example
  cicd lint --output sarif                a report for a code host

\b
A comment '# cicd-lint: ignore=RULE,RULE' on a line, or above it, passes problems over;
'# cicd-lint: ignore-file=RULE' does for the whole document.

Exit status: 0 nothing at or above --fail-on, 1 something, 3 a document cannot be read.
"""
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--kind",
    type=click.Choice([k.value for k in Kind]),
    help="What the documents are, instead of telling by name and content.",
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in ORDER]),
    default=Severity.ERROR.value,
    show_default=True,
    help="The least severity that makes the exit status 1.",
)
@click.option("--ledger", is_flag=True, help="Say which keys have no effect here, or another.")
@click.option("--fix", is_flag=True, help="Make the corrections that are safe, in the files.")
@click.option("--diff", is_flag=True, help="With --fix: show them, and change nothing.")
@parameter_options
@click.option("--explain", metavar="RULE", help="Say why a rule is there, with examples; no more.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Problems that were there before, and do not count.",
)
@click.option("--write-baseline", is_flag=True, help="Write today's problems into --baseline.")
@report_options("sarif", "github", "junit")
def lint(
    invocation: Invocation,
    *,
    paths: tuple[Path, ...],
    kind: str | None,
    fail_on: str,
    ledger: bool,
    fix: bool,
    diff: bool,
    parameters: tuple[str, ...],
    parameters_file: Path | None,
    explain: str | None,
    baseline: Path | None,
    write_baseline: bool,
) -> int:
    """
    Check buildspecs, appspecs, pipelines, templates, state machines and cicd.yml.

    PATHS are files, or directories to look in; without any, this directory. "-" is standard
    input.
    """
    if explain is not None:
        return _explain(explain)
    if diff and not fix:
        raise UsageError("--diff shows what --fix would do", hint="add --fix")
    if write_baseline and baseline is None:
        raise UsageError("--write-baseline needs a file", hint="name it with --baseline FILE")
    findings = Findings(ledger=[] if ledger else None)
    forced = Kind(kind) if kind else None
    given = given_parameters(parameters, parameters_file)
    for candidate in candidates(paths or (Path(),)):
        if fix and _fix(invocation, candidate, forced, show=diff):
            continue
        _check_one(candidate, forced, given, findings)
    if forced is None:
        _check_links(findings)
    if diff:
        return ExitCode.SUCCEEDED
    if baseline is not None:
        if write_baseline:
            return _write_baseline(invocation, baseline, findings)
        _leave_out_known(baseline, findings)
    return _report(invocation, findings, Severity(fail_on))


def look_over(paths: tuple[Path, ...], findings: Findings) -> None:
    """Check all documents of these places, and what they say of each other."""
    for candidate in candidates(paths):
        _check_one(candidate, None, {}, findings)
    _check_links(findings)


def _explain(name: str) -> int:
    from cicd.lint.explain import explain

    page = explain(name)
    click.echo(f"{page.name}\n\n{page.text}", nl=False)
    return ExitCode.SUCCEEDED


def _check_one(
    candidate: Candidate, forced: Kind | None, given: Mapping[str, str], findings: Findings
) -> None:
    if candidate.path == STDIN:
        checked = check_content(candidate, forced, _standard_input(), given)
    else:
        checked = check_document(candidate, forced, given)
    findings.problems += checked.problems
    findings.unreadable += not checked.readable
    if checked.passed_over:
        findings.passed_over.append((checked.name, checked.passed_over))
    elif checked.kind is not None:
        findings.checked.append((checked.name, checked.kind))
    if findings.ledger is not None and checked.readable and candidate.path != STDIN:
        findings.ledger += ledger_of(candidate, checked.kind)


def _has_scripts(findings: Findings) -> bool:
    return any(kind is Kind.APPSPEC for _, kind in findings.checked)


def _check_links(findings: Findings) -> None:
    """Check what the documents of each directory say of each other."""
    if len(findings.checked) < 2 and not _has_scripts(findings):
        return
    from cicd.lint.links import check_links

    for directory in dict.fromkeys(Path(name).parent for name, _ in findings.checked):
        prefix = "" if directory == Path() else f"{directory}/"
        found = check_links(directory, prefix)
        checked = {name for name, _ in findings.checked}
        findings.problems += [each for each in found if each.span.source.name in checked]


def _standard_input() -> bytes:
    from cicd.document.load import MAX_BYTES

    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _fix(invocation: Invocation, candidate: Candidate, forced: Kind | None, *, show: bool) -> bool:
    """Correct one document; tell whether nothing more is to be said about it."""
    from cicd.document.load import content
    from cicd.errors import DocumentError
    from cicd.lint.fix import corrected, difference

    filtering = candidate.path == STDIN
    try:
        before = _standard_input() if filtering else content(candidate.path, candidate.name)
    except DocumentError:
        return show
    after, count = corrected(candidate, forced, before)
    if show:
        click.echo(difference(candidate.name, before, after), nl=False)
    elif filtering:
        sys.stdout.buffer.write(after)
        sys.stdout.buffer.flush()
    elif count:
        from cicd.store.user_files import replace_file

        replace_file(candidate.path, after)
        many = f"{count} correction{'s' * (count != 1)}"
        invocation.show.notice(f"{candidate.name}: {many} made")
    return show or filtering


def _write_baseline(invocation: Invocation, path: Path, findings: Findings) -> int:
    from cicd.lint.baseline import baseline_of
    from cicd.store.user_files import replace_file

    replace_file(path, baseline_of(findings.problems).encode())
    invocation.show.notice(f"{len(findings.problems)} problems written to {path}")
    return ExitCode.DOCUMENT if findings.unreadable else ExitCode.SUCCEEDED


def _leave_out_known(path: Path, findings: Findings) -> None:
    from cicd.document.load import content
    from cicd.lint.baseline import read_baseline, without_known

    text = content(path, str(path)).decode("utf-8", errors="replace")
    findings.problems = list(without_known(findings.problems, read_baseline(text, str(path))))


def _report(invocation: Invocation, findings: Findings, fail_on: Severity) -> int:
    show = invocation.show
    counted = Counter(problem.severity for problem in findings.problems)
    counts = {each: counted[each] for each in ORDER}
    grave = ORDER[: ORDER.index(fail_on) + 1]
    for name, why in findings.passed_over:
        show.notice(f"{name}: {why}", Level.WARNING)
    if not findings.checked and not findings.passed_over:
        show.notice(
            "no buildspec, appspec, pipeline definition, template or cicd.yml here; "
            "'cicd init' writes what is needed",
            Level.WARNING,
        )
    if invocation.report:
        _write_report(invocation.report, findings, grave)
    else:
        _show(invocation, findings, counts)
    if findings.unreadable:
        return ExitCode.DOCUMENT
    return ExitCode.FAILED if sum(counts[each] for each in grave) else ExitCode.SUCCEEDED


def _show(invocation: Invocation, findings: Findings, counts: dict[Severity, int]) -> None:
    from cicd.lint.fix import correctable

    show = invocation.show
    show.problems(findings.problems)
    if count := correctable(findings.problems):
        show.notice(f"--fix corrects {count} of them" if count > 1 else "--fix corrects one")
    if findings.checked and not findings.problems:
        names = ", ".join(name for name, _ in findings.checked)
        show.text(f"nothing to say about {names}", Level.SUCCESS)
    show_ledger_lines(show, findings.ledger or ())
    show.result(
        {
            "documents": [{"name": n, "kind": kind.value} for n, kind in findings.checked],
            "passedOver": [{"name": n, "why": why} for n, why in findings.passed_over],
            "counts": {each.value: counts[each] for each in ORDER},
            **({} if findings.ledger is None else {"ledger": encode(tuple(findings.ledger))}),
        }
    )


def _write_report(report: str, findings: Findings, grave: tuple[Severity, ...]) -> None:
    if report == "sarif":
        from cicd.cli.show.sarif import sarif

        click.echo(sarif(findings.problems))
    elif report == "github":
        from cicd.cli.show.github import github_commands

        click.echo(github_commands(findings.problems), nl=False)
    else:
        from cicd.cli.show.junit import junit

        names = [name for name, _ in findings.checked]
        click.echo(junit(names, findings.problems, grave))
