"""One document → everything that is wrong with it, by the rules of its room."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.document.load import content, load_bytes
from cicd.document.problem import Problem, Problems, Severity
from cicd.document.tags import check_tags
from cicd.errors import DocumentError, Unavailable
from cicd.lint.documents import Candidate, Kind, kind_by_content, kind_by_name
from cicd.lint.ignore import misspelt_comments, without_ignored
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Node

_NONE: Mapping[str, str] = MappingProxyType({})
_REFUSED = "states/refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of one document; without a kind it is none of ours."""

    name: str
    kind: Kind | None
    problems: tuple[Problem, ...] = ()
    readable: bool = True
    passed_over: str = ""  # why it was not checked; "": it was, or nobody asked for it


def check_document(
    candidate: Candidate, forced: Kind | None, parameters: Mapping[str, str] = _NONE
) -> Checked:
    """
    Check one document with the rules of its room, and what it names beside it.

    Args:
        candidate: The file.
        forced: What it is; None: told by its name and its content.
        parameters: Values for parameters of CloudFormation templates.

    Raises:
        UsageError: There is no such file; a parameter cannot have its value.
        Unavailable: It cannot be read.

    """
    try:
        given = content(candidate.path, candidate.name)
    except DocumentError as refused:
        return _unreadable(candidate, forced, refused)
    return check_content(candidate, forced, given, parameters)


def check_content(
    candidate: Candidate,
    forced: Kind | None,
    given: bytes,
    parameters: Mapping[str, str] = _NONE,
) -> Checked:
    """Check a document that has, or may get, the bytes ``given``; see ``check_document``."""
    name = candidate.name
    try:
        kind, node, twins = _read(candidate, forced or kind_by_name(name), given)
    except DocumentError as refused:
        return _unreadable(candidate, forced, refused)
    if kind is None:
        why = "not a document known here; --kind says what it is" if candidate.given else ""
        return Checked(name=name, kind=None, passed_over=why)
    problems = Problems()
    for twin in twins:
        problems.add(twin)
    try:
        _check(kind, node, candidate, problems, parameters)
    except DocumentError as refused:
        return Checked(name=name, kind=kind, problems=refused.problems)
    except Unavailable as refused:
        return Checked(name=name, kind=kind, passed_over=refused.message)
    if kind is not Kind.TEMPLATE:
        check_tags(node, problems)
    for misspelt in misspelt_comments(node.span.source):
        problems.add(misspelt)
    seen = without_ignored(map(_as_aws_sees_it, problems))
    return Checked(name=name, kind=kind, problems=seen)


def _unreadable(candidate: Candidate, forced: Kind | None, refused: DocumentError) -> Checked:
    kind = forced or kind_by_name(candidate.name) or Kind.BUILDSPEC
    return Checked(name=candidate.name, kind=kind, problems=refused.problems, readable=False)


def _as_aws_sees_it(problem: Problem) -> Problem:
    """What only this machine cannot do is no error of the document."""
    ours = problem.rule == _REFUSED or problem.rule.endswith("-not-here")
    if ours and problem.severity is Severity.ERROR:
        return replace(problem, severity=Severity.WARNING)
    return problem


def _read(
    candidate: Candidate, expected: Kind | None, given: bytes
) -> tuple[Kind | None, Node, tuple[Problem, ...]]:
    """Read a document, and give what it is; with the keys of an AppSpec that are written twice."""
    name, json = candidate.name, candidate.is_json(given)
    if expected is Kind.APPSPEC:
        # As the agent reads it: the last of two equal keys wins, and aliases are refused.
        node = load_bytes(given, name, json=json, duplicates="last", aliases=False)
        return expected, node, _twins(given, name, json=json)
    node = load_bytes(given, name, json=json)
    found = kind_by_content(node)
    if expected is Kind.PIPELINE and not candidate.given:
        return found, node, ()  # many files have "pipeline" in their names
    if found is Kind.TEMPLATE:
        return found, node, ()
    return expected or found, node, ()


def _twins(given: bytes, name: str, *, json: bool) -> tuple[Problem, ...]:
    try:
        load_bytes(given, name, json=json, aliases=False)
    except DocumentError as refused:
        return tuple(
            replace(
                problem,
                rule="deploy/duplicate-key",
                severity=Severity.WARNING,
                hint="keep one of the two: the agent takes the last one only",
            )
            for problem in refused.problems
            if problem.rule == "document/duplicate-key"
        )
    return ()


def _check(
    kind: Kind,
    node: Node,
    candidate: Candidate,
    problems: Problems,
    parameters: Mapping[str, str],
) -> None:
    if kind is Kind.BUILDSPEC:
        from cicd.build.buildspec.reader import read_buildspec
        from cicd.build.rules import BUILD_RULES
        from cicd.build.rules.advice import ADVICE
        from cicd.document.rules import run_rules

        run_rules((*BUILD_RULES, *ADVICE), read_buildspec(node, problems), problems)
    elif kind is Kind.APPSPEC:
        from cicd.deploy.rules import check_appspec
        from cicd.lint.beside import check_appspec_file, check_appspec_scripts

        appspec = check_appspec(node, problems)
        if appspec is not None:
            check_appspec_file(node, candidate.path, problems)
            check_appspec_scripts(appspec, candidate.path, problems)
    elif kind is Kind.TEMPLATE:
        from cicd.lint.template import check_candidate

        check_candidate(node, candidate, parameters, problems)
    elif kind is Kind.PIPELINE:
        from cicd.lint.beside import check_pipeline_links
        from cicd.pipeline.definition import check_definition

        declaration = check_definition(node, problems)
        if declaration is not None:
            check_pipeline_links(declaration, candidate.path, problems)
    elif kind is Kind.STATE_MACHINE:
        from cicd.states.reader import read_machine

        read_machine(node, problems)
    else:
        from cicd.lint.resources import check_resources

        check_resources(candidate.path.parent, problems)
